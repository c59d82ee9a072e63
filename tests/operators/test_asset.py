"""What other teams' DAGs hear of published posts."""

from __future__ import annotations

import json
from types import SimpleNamespace
from uuid import UUID

from airflow.sdk import Asset

from socialpub.operators.publish import MOST_LISTED, PublishPostsOperator, describe_live_posts
from socialpub.services.lane import LivePost, summarise_lane

ASSET = Asset("facebook_page_post")


def live(number: int) -> LivePost:
    return LivePost(UUID(int=number), "1", f"1_{number}", f"https://www.facebook.com/1/posts/{number}")


def test_an_event_lists_the_posts_of_its_task():
    """By our id, the Page's, and Facebook's."""
    told = describe_live_posts([live(5)])
    assert told == {
        "count": 1,
        "posts": [
            {
                "scheduled_post_id": str(UUID(int=5)),
                "page_id": "1",
                "facebook_post_id": "1_5",
                "permalink_url": "https://www.facebook.com/1/posts/5",
            }
        ],
    }


def test_an_event_of_a_burst_stays_small():
    """It counts all posts and lists the first; the table has the rest."""
    told = describe_live_posts([live(number) for number in range(1250)])
    assert (told["count"], len(told["posts"])) == (1250, MOST_LISTED)
    assert len(json.dumps(told)) < 10_000


def test_a_task_without_the_asset_tells_nobody_and_one_with_it_fills_its_event():
    """Only the DAG file decides who may follow."""
    result = summarise_lane([], run="d/r")
    PublishPostsOperator(task_id="quiet", post_ids=())._tell_followers({}, result)
    event = SimpleNamespace(extra=None)
    operator = PublishPostsOperator(task_id="loud", post_ids=(), outlets=[ASSET])
    operator._tell_followers({"outlet_events": {ASSET: event}}, result)
    assert event.extra == {"count": 0, "posts": []}
