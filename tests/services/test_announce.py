"""Each post that becomes live is to be announced, whatever made it live, once and in order."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.services.conftest import PAGE
from tests.services.test_media_posts import schedule, settle, video
from tests.services.test_verify_handed_over import hand_over, pass_time, verify
from tests.services.test_webhook import deliver, event, make_handed_over, make_unconfirmed

from socialpub.db.posts import Run
from socialpub.db.schema import downgrade, upgrade
from socialpub.errors import TryAgainError
from socialpub.services.announce import find_unannounced_posts, mark_announced
from socialpub.services.publish_now import claim_post_by_hand
from socialpub.services.resolve import resolve_as_published

ACTOR = "announce_published_posts"


@pytest.fixture
def larp(desk):
    return desk.world.add_page()


def send(desk, larp):
    post = desk.world.schedule(larp)
    desk.scan_and_work()
    return post


def send_by_hand(desk, larp):
    post = desk.world.schedule(larp, due_in=3600)
    run = Run("publish_post_now", "manual__1")
    claim_post_by_hand(desk.world.engine(), run, post, actor="airflow:ewa", reason="Storm", lease=timedelta(minutes=3))
    desk.run = run
    desk.work(post)
    return post


def find_on_the_page(desk, larp):
    desk.sandbox.control.add_fault("committed_then_500", edge="feed", method="POST")
    return send(desk, larp)


def wait_for_a_video(desk, larp):
    desk.sandbox.control.change_settings(processing_seconds=0.1)
    post = schedule(desk, larp, video(desk, "gate.mp4"))
    desk.scan_and_work()
    settle(desk, post)
    return post


def let_facebook_publish(desk, larp):
    desk.world.run("update facebook_page_connections set delivery = 'native'")
    post = hand_over(desk, desk.world.schedule(larp, due_in=3600))
    pass_time(desk, 63)
    verify(desk)
    return post


def hear_of_a_doubtful_one(desk, larp):
    post = make_unconfirmed(desk, larp)
    deliver(desk, event())
    return post


def hear_of_a_held_one(desk, larp):
    post = make_handed_over(desk, larp)
    deliver(desk, event())
    return post


def let_a_person_say_so(desk, larp):
    def cant_read(page, facebook_post_id):
        raise TryAgainError("No network.", next_step="wait.")

    post = make_unconfirmed(desk, larp)
    resolve_as_published(desk.world.engine(), post, f"{PAGE}_77", read_live_post=cant_read, actor="ewa")
    return post


ROUTES = [
    send, send_by_hand, find_on_the_page, wait_for_a_video, let_facebook_publish, hear_of_a_doubtful_one,
    hear_of_a_held_one, let_a_person_say_so,
]  # fmt: skip


def find(desk, **limits):
    return find_unannounced_posts(desk.world.engine(), actor=ACTOR, **limits)


def mark(desk, announcements):
    mark_announced(desk.world.engine(), [post.event_id for post in announcements], actor=ACTOR)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.__name__)
def test_whatever_made_a_post_live_it_is_announced_once(desk, larp, route):
    """With what its row says, as text; and not again when it was."""
    post = route(desk, larp)
    told = find(desk)
    _, _, facebook_post_id, permalink_url = desk.row(post)
    (published_at,) = desk.world.one(
        "select to_char(published_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') from social_scheduled_posts"
    )
    [extra] = [announcement.describe() for announcement in told]
    assert extra.pop("published_at").startswith(published_at)
    assert extra == {
        "scheduled_post_id": str(post), "larp_id": str(larp), "page_id": PAGE,
        "facebook_post_id": facebook_post_id, "permalink_url": permalink_url,
    }  # fmt: skip
    mark(desk, told)
    assert find(desk) == []
    assert desk.world.one(
        "select count(*), count(announced_at) from social_outbox where event = 'SocialPublishSucceededEvent'"
    ) == (1, 1)


def test_what_is_not_live_is_not_announced(desk, larp):
    """Failed, unconfirmed, held, planned."""
    desk.world.schedule(larp, due_in=3600)
    desk.sandbox.control.add_fault("invalid_100", edge="feed", method="POST")
    refused = desk.world.schedule(larp, body="Nie")
    desk.scan_and_work()
    doubtful = make_unconfirmed(desk, larp, body="Może")
    assert [desk.world.status(post) for post in (refused, doubtful)] == ["failed", "unconfirmed"]
    assert find(desk) == []


def test_the_oldest_come_first_and_the_rest_waits_for_the_next_run(desk, larp):
    """A run that nobody wrote down is repeated as it was, with what came meanwhile behind it."""
    posts = []
    for number in range(5):
        posts.append(desk.world.schedule(larp, body=f"Nr {number}"))
        desk.scan_and_work()
    first = find(desk, max_posts=2)
    assert [announcement.scheduled_post_id for announcement in first] == posts[:2]
    posts.append(desk.world.schedule(larp, body="Nr 5"))
    desk.scan_and_work()
    assert find(desk, max_posts=2) == first
    mark(desk, first)
    assert [announcement.scheduled_post_id for announcement in find(desk)] == posts[2:]


def test_only_the_last_seven_days_are_news(desk, larp):
    """A DAG that was paused for months does not begin with all of them; what it left out shows in the outbox."""
    send(desk, larp)
    desk.world.run("update social_outbox set created_at = now() - interval '167 hours'")
    assert len(find(desk)) == 1
    desk.world.run("update social_outbox set created_at = now() - interval '169 hours'")
    assert find(desk) == []
    assert desk.world.one("select announced_at from social_outbox where event = 'SocialPublishSucceededEvent'") == (
        None,
    )


def test_what_was_live_before_the_upgrade_is_no_news(desk, larp):
    """What becomes so afterwards is."""
    send(desk, larp)
    downgrade(desk.world.url("postgres"), "0016")
    upgrade(desk.world.url("postgres"))
    assert find(desk) == []
    post = desk.world.schedule(larp, body="Po zmianie")
    desk.scan_and_work()
    assert [announcement.scheduled_post_id for announcement in find(desk)] == [post]


def test_the_look_reads_only_what_waits(desk, larp):
    """Once a minute, for ever, beside a long history: by the index of unannounced rows."""
    send(desk, larp)
    desk.world.run(
        "insert into social_outbox (event, dedupe_key, announced_at) select 'SocialPublishSucceededEvent', n, now()"
        " from generate_series(1, 20000) as n"
    )
    mark(desk, find(desk))
    desk.world.run("vacuum analyze social_outbox")
    (plan,) = desk.world.one(
        "explain (analyze, buffers, format json) select exists (select from social_unannounced_posts)"
    )
    assert "social_outbox_unannounced" in str(plan)
    assert "social_scheduled_posts" not in str(plan)
    assert plan[0]["Plan"]["Shared Hit Blocks"] + plan[0]["Plan"]["Shared Read Blocks"] < 20
