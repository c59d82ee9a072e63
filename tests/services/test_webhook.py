"""Events of the webhook against our posts: late, early, twice, in any order, and never more than they prove."""

from __future__ import annotations

import itertools
import json
import time
from datetime import timedelta

import pytest
from tests.services.conftest import PAGE

from socialpub.graph.webhook import read_events
from socialpub.services.webhook import WebhookLimits, process_events, store_events

NOW = WebhookLimits(patience=timedelta(0))


@pytest.fixture
def larp(desk):
    return desk.world.add_page()


def event(post_id="200000000000001_7", *, verb="add", message="Zapraszamy!", at=0, **more) -> dict:
    created = int(time.time()) + at
    value = {"item": "status", "verb": verb, "post_id": post_id, "created_time": created, "published": 1, **more}
    return value if verb == "remove" else value | {"message": message}


def deliver(desk, *values, limits=NOW, processes=True):
    entry = {"id": PAGE, "time": int(time.time()), "changes": [{"field": "feed", "value": value} for value in values]}
    events = read_events(json.dumps({"object": "page", "entry": [entry]}).encode())
    store_events(desk.world.engine(), events)
    return dict(process_events(desk.world.engine(), limits)) if processes else {}


def make_unconfirmed(desk, larp, body="Zapraszamy!"):
    """Sent, and no answer came."""
    post = desk.world.schedule(larp, body=body)
    desk.sandbox.control.add_fault("html_502", edge="feed", method="POST")
    desk.scan_and_work()
    assert desk.world.status(post) == "unconfirmed"
    return post


def make_handed_over(desk, larp):
    post = desk.world.schedule(larp, due_in=3600)
    for move in (
        "set status = 'queued', claimed_by = 'r', lease_expires_at = now()", "set status = 'publishing'",
        f"set status = 'handed_over', facebook_post_id = '{PAGE}_7', handed_over_at = now(),"
        " handed_over_for = publish_at",
    ):  # fmt: skip
        desk.world.run(f"update social_scheduled_posts {move}")
    return post


def removals(desk):
    with desk.world.connect() as connection:
        return connection.execute(
            "select entity_id, payload ->> 'facebook_post_id', actor from social_audit_log"
            " where action = 'scheduled_post.removed_on_facebook'"
        ).fetchall()


def test_an_unconfirmed_post_is_published_by_its_event(desk, larp):
    """Without asking Facebook: attempt closed, draft published, told once."""
    post = make_unconfirmed(desk, larp)
    assert deliver(desk, event()) == {"published": 1}
    assert desk.row(post)[0] == "published" and desk.row(post)[2] == f"{PAGE}_7"
    assert [outcome for _, outcome, _, _ in desk.attempts(post)] == ["published"]
    assert desk.world.one("select status from social_drafts") == ("published",)
    assert desk.world.one("select count(*) from social_outbox where event = 'SocialPublishSucceededEvent'") == (1,)


def test_the_same_delivery_again_changes_nothing(desk, larp):
    post = make_unconfirmed(desk, larp)
    again = event()
    deliver(desk, again)
    before = desk.row(post)
    assert deliver(desk, again, again) == {}
    assert desk.row(post) == before
    assert desk.world.one("select count(*) from social_webhook_events") == (1,)


@pytest.mark.parametrize(
    "change", [{"message": "Coś innego"}, {"published": 0}, {"verb": "edited"}, {"at": -3600}, {"item": "comment"},
               {"from": {"id": "999"}}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_an_event_that_can_not_be_its_own_leaves_it_unconfirmed(desk, larp, change):
    post = make_unconfirmed(desk, larp)
    deliver(desk, event(**change))
    assert desk.world.status(post) == "unconfirmed"


def test_an_event_of_another_page_leaves_it_unconfirmed(desk, larp):
    other = desk.world.add_page("200000000000002", name="Inna")
    post = make_unconfirmed(desk, larp)
    desk.world.run("update facebook_page_connections set page_id = page_id where larp_id = %s", other)
    entry = {"id": "200000000000002", "time": 1, "changes": [{"field": "feed", "value": event("200000000000002_7")}]}
    store_events(desk.world.engine(), read_events(json.dumps({"object": "page", "entry": [entry]}).encode()))
    assert dict(process_events(desk.world.engine(), NOW)) == {"not_ours": 1}
    assert desk.world.status(post) == "unconfirmed"


def test_two_live_posts_of_one_text_prove_neither(desk, larp):
    """A person decides, or the read-back, which sees more."""
    post = make_unconfirmed(desk, larp)
    deliver(desk, event(f"{PAGE}_7"), event(f"{PAGE}_8", at=1))
    assert desk.world.status(post) == "unconfirmed"


def test_two_unconfirmed_posts_of_one_text_are_not_told_apart(desk, larp):
    first = make_unconfirmed(desk, larp)
    desk.world.run("update social_scheduled_posts set lease_expires_at = lease_expires_at")
    second = make_unconfirmed(desk, larp)
    deliver(desk, event())
    assert [desk.world.status(post) for post in (first, second)] == ["unconfirmed", "unconfirmed"]


def test_an_id_that_another_post_of_ours_has_is_not_taken_again(desk, larp):
    """Never twice also means: one Facebook post is one row."""
    first = make_unconfirmed(desk, larp)
    deliver(desk, event())
    second = make_unconfirmed(desk, larp)
    assert deliver(desk, event(message="Zapraszamy!", at=1)) == {"known": 1}
    assert [desk.world.status(post) for post in (first, second)] == ["published", "unconfirmed"]


def test_a_post_that_facebook_held_is_published_by_its_event(desk, larp):
    post = make_handed_over(desk, larp)
    assert deliver(desk, event()) == {"published": 1}
    assert desk.row(post)[0] == "published"
    assert desk.world.one("select published_at <= now() from social_scheduled_posts") == (True,)


def test_what_is_not_live_yet_leaves_a_held_post_with_facebook(desk, larp):
    post = make_handed_over(desk, larp)
    deliver(desk, event(published=0))
    assert desk.world.status(post) == "handed_over"


def test_a_removal_by_hand_is_in_the_audit_log_once_and_moves_nothing(desk, larp):
    post = make_unconfirmed(desk, larp)
    deliver(desk, event())
    assert deliver(desk, event(verb="remove", at=5)) == {"removal_noted": 1}
    deliver(desk, event(verb="remove", at=6))
    assert removals(desk) == [(post, f"{PAGE}_7", "facebook webhook")]
    assert desk.world.status(post) == "published"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize("together", [True, False])
def test_any_order_of_arrival_ends_the_same(desk, larp, order, together):
    """Live, edited, removed: the last is noted, the first counts, whenever each comes."""
    post = make_unconfirmed(desk, larp)
    story = [event(), event(verb="edited", message="Inaczej", at=2), event(verb="remove", at=5)]
    for number in order:
        deliver(desk, story[number], processes=not together, limits=NOW)
    process_events(desk.world.engine(), NOW)
    process_events(desk.world.engine(), NOW)
    assert desk.world.status(post) == "published"
    assert [row[0] for row in removals(desk)] == [post]


def test_what_waits_is_processed_in_the_order_in_which_it_happened(desk, larp):
    """One look is enough for a removal that arrived before the post of which it tells."""
    post = make_unconfirmed(desk, larp)
    assert deliver(desk, event(verb="remove", at=5), event()) == {"published": 1, "removal_noted": 1}
    assert [row[0] for row in removals(desk)] == [post]


def test_an_event_that_comes_before_the_answer_waits_for_it(desk, larp):
    """It is ours; we only do not know its id yet."""
    post = desk.world.schedule(larp)
    for move in ("set status = 'queued', claimed_by = 'r', lease_expires_at = now()", "set status = 'publishing'"):
        desk.world.run(f"update social_scheduled_posts {move}")
    assert deliver(desk, event()) == {"waiting": 1}
    desk.world.run(
        "update social_scheduled_posts set status = 'published', published_at = now(), facebook_post_id = %s"
        " where id = %s", f"{PAGE}_7", post,
    )  # fmt: skip
    assert dict(process_events(desk.world.engine(), NOW)) == {"known": 1}


def test_an_event_of_nobodys_post_is_let_go_after_a_while(desk, larp):
    assert deliver(desk, event(), limits=WebhookLimits()) == {"waiting": 1}
    desk.world.run("update social_webhook_events set received_at = received_at - interval '11 minutes'")
    assert dict(process_events(desk.world.engine(), WebhookLimits())) == {"not_ours": 1}
    assert desk.world.one("select count(*) from social_webhook_events where processed_at is null") == (0,)


def test_a_video_that_facebook_held_is_known_by_the_id_of_the_video(desk, larp):
    post = make_handed_over(desk, larp)
    desk.world.run("set session_replication_role = replica; update social_scheduled_posts set facebook_post_id = '555'")
    assert deliver(desk, event(item="video", video_id=555)) == {"published": 1}
    assert desk.row(post)[2] == f"{PAGE}_7"
