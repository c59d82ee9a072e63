"""Pause, catch-up and lateness: who is held, until when, and what the scan says about it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from socialpub.db.engine import transaction
from socialpub.db.posts import pass_fence
from socialpub.graph.usage import Usage
from socialpub.services.arm import load_posts
from socialpub.services.claim import ScanLimits, scan_due_posts
from socialpub.services.outcomes import Published

PACE = timedelta(seconds=20)
OTHER_PAGE = "200000000000002"


def slots(desk, posts):
    """How many seconds after the scan's first one each post may go out; None for one that waits."""
    rows = [
        desk.world.one(
            "select case when status = 'queued' then extract(epoch from next_attempt_at - min(queued_at) over ())::int"
            " end from social_scheduled_posts where id = %s",
            post,
        )[0]
        for post in posts
    ]
    return rows


def scan(desk, run: str):
    return scan_due_posts(desk.world.engine(), desk.as_run(run).run, ScanLimits(catch_up_pace=PACE))


def test_overdue_posts_of_a_page_go_out_oldest_first_at_its_pace(desk):
    """Four fit before the next scan has claimed ahead; the others stay and the scan says until when."""
    larp = desk.world.add_page()
    posts = [desk.world.schedule(larp, due_in=-3600 + n, body=f"Post {n}") for n in (5, 3, 1, 2, 4, 0)]
    ordered = [posts[n] for n in (5, 2, 3, 1, 4, 0)]
    assert scan(desk, "1").claimed == 4
    assert slots(desk, ordered) == [0, 20, 40, 60, None, None]
    again = scan(desk, "2")
    assert again.claimed == 0
    assert "catching up; its next post goes out at" in again.held[0].why
    desk.later(1)
    desk.world.run("update facebook_page_connections set catch_up_from = catch_up_from - interval '1 minute'")
    assert scan(desk, "3").claimed == 2


def test_pages_do_not_wait_for_each_other_and_punctual_posts_not_for_the_backlog(desk):
    """The pace is a Page's own."""
    first, second = desk.world.add_page(), desk.world.add_page(OTHER_PAGE, name="Second")
    late = [desk.world.schedule(larp, due_in=-1800, body=f"Late {larp}") for larp in (first, second)]
    punctual = desk.world.schedule(first, due_in=30, body="Punctual")
    assert scan(desk, "1").claimed == 3
    assert slots(desk, late) == [0, 0]
    assert desk.world.one("select next_attempt_at from social_scheduled_posts where id = %s", punctual) == (None,)


def test_two_scans_at_once_never_deal_the_same_slot(desk):
    """The Page is locked while its slots are dealt; a scan that finds it locked leaves it."""
    larp = desk.world.add_page()
    posts = [desk.world.schedule(larp, due_in=-3600 + n, body=f"Post {n}") for n in range(4)]
    with desk.world.connect() as other, other.transaction():
        other.execute("select from facebook_page_connections for no key update")
        assert scan(desk, "1").claimed == 0
    assert scan(desk, "2").claimed == 4
    assert slots(desk, posts) == [0, 20, 40, 60]


def test_publish_at_is_not_touched_by_catching_up(desk):
    """What a person planned stays readable."""
    post = desk.world.schedule(desk.world.add_page(), due_in=-3600)
    before = desk.world.one("select publish_at from social_scheduled_posts where id = %s", post)
    scan(desk, "1")
    assert desk.world.one("select publish_at from social_scheduled_posts where id = %s", post) == before


@pytest.mark.parametrize(
    ("rule", "late", "status"),
    [
        (("within", 360, None, None), 359, "queued"),
        (("within", 360, None, None), 361, "missed"),
        (("within", 30, None, None), 31, "missed"),
        (("within", 30, None, 60), 31, "queued"),
        (("within", 360, None, 10), 11, "missed"),
        (("always", 360, None, None), 100_000, "queued"),
        (("within", 360, "always", None), 100_000, "queued"),
        (("never", 360, None, None), 2, "missed"),
        (("never", 360, None, None), 0.5, "queued"),
        (("always", 360, "never", None), 2, "missed"),
    ],
)
def test_lateness_is_one_comparison_by_the_pages_rule_or_the_posts_own(desk, rule, late, status):
    """Page rule, Page minutes, the post's own rule and minutes win; midnight is no special moment."""
    page_rule, page_minutes, post_rule, post_minutes = rule
    post = desk.world.schedule(desk.world.add_page(), due_in=-late * 60)
    desk.world.run(
        "update facebook_page_connections set lateness_rule = %s, late_by_minutes = %s", page_rule, page_minutes
    )
    desk.world.run(
        "update social_scheduled_posts set lateness_rule = %s, late_by_minutes = %s", post_rule, post_minutes
    )
    scan(desk, "1")
    assert desk.world.status(post) == status


@pytest.mark.parametrize(("mode", "is_of_app"), [("throttle_80001", False), ("throttle_4", True)])
def test_a_limit_of_the_app_holds_every_page_and_one_of_a_page_only_that_page(desk, mode, is_of_app):
    """The window reopens by itself and costs no try."""
    first, second = desk.world.add_page(), desk.world.add_page(OTHER_PAGE, name="Second")
    desk.sandbox.control.add_page(OTHER_PAGE, "Second", token=f"EAAGpage{OTHER_PAGE}")
    desk.sandbox.control.add_fault(mode, regain_minutes=7)
    limited = desk.world.schedule(first, body="Limited")
    desk.scan_and_work()
    assert desk.row(limited)[0] == "queued"
    later = desk.world.schedule(second, body="Elsewhere")
    desk.as_run("2").scan_and_work()
    assert desk.row(later)[0] == ("pending" if is_of_app else "published")
    if is_of_app:
        assert "rate limited until" in scan(desk, "3").held[0].why
    desk.world.run("update social_publishing_gate set rate_limited_until = now() - interval '1 second'")
    desk.later(8)
    desk.work(limited)
    desk.as_run("4").scan_and_work()
    assert {desk.row(limited)[0], desk.row(later)[0]} == {"published"}


@pytest.mark.parametrize(
    ("usage", "page_rests", "gate_rests"),
    [
        (Usage(page_percent=90.0, app_percent=90.0), False, False),
        (Usage(page_percent=91.0), True, False),
        (Usage(app_percent=91.0, page_percent=3.0), False, True),
        (Usage(page_percent=100.0, regain_after=timedelta(minutes=30)), True, False),
    ],
)
def test_a_quota_that_is_nearly_used_up_rests_before_facebook_refuses(desk, usage, page_rests, gate_rests):
    """Above 90 % the Page's window, or the app's, closes; the post that learned it is published all the same."""
    post = desk.world.schedule(desk.world.add_page())
    desk.scan()
    publisher = desk.publisher()
    [loaded] = load_posts(publisher.engine, publisher.run, [post])
    with transaction(publisher.engine, actor="test") as session:
        assert pass_fence(
            session, publisher.run, loaded.attempt.id, content_hash=loaded.content_hash,
            lease=timedelta(minutes=1), fence_ahead=timedelta(seconds=1),
        )  # fmt: skip
    now = publisher.clock.now()
    publisher.recorder.record_outcome(loaded.attempt.id, Published("200000000000001_1", None, usage), now=now)
    until = now + (usage.regain_after or timedelta(minutes=5))
    for table, rests in (("facebook_page_connections", page_rests), ("social_publishing_gate", gate_rests)):
        assert desk.world.one(f"select rate_limited_until from {table}") == (until if rests else None,)
    assert desk.row(post)[0] == "published"
