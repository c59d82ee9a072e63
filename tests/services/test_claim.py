"""Claiming: each due post once, by whoever comes first, and nothing that must wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from socialpub.db import posts as statements
from socialpub.db.engine import transaction
from socialpub.db.posts import ClaimedPost, Run
from socialpub.services.claim import ScanLimits, scan_due_posts
from socialpub.services.lanes import deal_lanes

RUN = Run("publish_due_posts", "scheduled__1")
LIMITS = ScanLimits()


def test_what_is_due_soon_is_claimed_and_the_rest_waits(world):
    """A post within the claim-ahead is queued with a lease and an open attempt; a later one is left."""
    larp = world.add_page()
    soon, later = world.schedule(larp, due_in=60), world.schedule(larp, due_in=200, body="Później")
    scan = scan_due_posts(world.engine(), RUN, LIMITS)
    assert scan.lanes == [[soon]]
    assert world.one(
        "select status, claimed_by, lease_expires_at > publish_at from social_scheduled_posts where id = %s", soon
    ) == ("queued", "publish_due_posts/scheduled__1", True)
    assert world.one("select attempt_number, run_id, outcome from social_publish_attempts") == (1, "scheduled__1", None)
    assert world.status(later) == "pending"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("paused_at = now(), paused_by = 'ola', pause_reason = 'Kryzys'", "paused by ola: Kryzys"),
        ("token_status = 'lost', token_status_reason = 'Hasło zmienione'", "its token is lost: Hasło zmienione"),
        ("rate_limited_until = now() + interval '10 min'", "rate limited until"),
        ("disconnected_at = now()", "the Page is disconnected"),
    ],
)
def test_a_held_page_keeps_its_posts_and_the_scan_says_why(world, change, why):
    """Posts of a Page that may not be posted to stay pending, counted with the reason."""
    larp = world.add_page()
    post = world.schedule(larp)
    world.run(f"update facebook_page_connections set {change}")
    scan = scan_due_posts(world.engine(), RUN, LIMITS)
    assert scan.lanes == []
    assert world.status(post) == "pending"
    [held] = scan.held
    assert (held.posts, held.page_name) == (1, "Larpowe Kroniki")
    assert why in held.why


def test_a_post_that_came_too_late_is_missed_with_the_reason(world):
    """Six hours is the default; the post's own rule beats its Page's."""
    larp = world.add_page()
    late = world.schedule(larp, due_in=-7 * 3600)
    always = world.schedule(larp, due_in=-7 * 3600, body="Zawsze")
    never = world.schedule(larp, due_in=-90, body="Nigdy")
    world.run("update social_scheduled_posts set lateness_rule = 'always' where id = %s", always)
    world.run("update social_scheduled_posts set lateness_rule = 'never' where id = %s", never)
    scan = scan_due_posts(world.engine(), RUN, LIMITS)
    assert (scan.missed, scan.lanes) == (2, [[always]])
    assert world.status(late) == world.status(never) == "missed"
    (reason,) = world.one("select status_reason from social_scheduled_posts where id = %s", late)
    assert "06:00:00" in reason


def test_an_unsent_post_whose_lease_ran_out_goes_back(world):
    """Nothing was sent, so another run may have it at once; its attempt is closed as released."""
    post = world.schedule(world.add_page())
    engine = world.engine()
    scan_due_posts(engine, RUN, LIMITS)
    world.run("update social_scheduled_posts set lease_expires_at = now() - interval '1 s'")
    other = scan_due_posts(engine, Run("publish_due_posts", "scheduled__2"), LIMITS)
    assert (other.released, other.lanes) == (1, [[post]])
    with world.connect() as connection:
        rows = connection.execute(
            "select attempt_number, outcome from social_publish_attempts order by attempt_number"
        ).fetchall()
    assert rows == [(1, "released"), (2, None)]


def test_a_fenced_post_whose_lease_ran_out_becomes_unconfirmed(world):
    """It may be live: no run gets it to send, it is only looked up."""
    post = world.schedule(world.add_page())
    engine = world.engine()
    scan_due_posts(engine, RUN, LIMITS)
    assert pass_fence(world, engine) is not None
    world.run("update social_scheduled_posts set lease_expires_at = now() - interval '1 s'")
    scan = scan_due_posts(engine, Run("publish_due_posts", "scheduled__2"), LIMITS)
    assert (scan.suspected, scan.claimed) == (1, 0)
    assert world.status(post) == "unconfirmed"
    world.run("update social_scheduled_posts set next_attempt_at = now() - interval '1 h'")
    scan = scan_due_posts(engine, Run("publish_due_posts", "scheduled__3"), LIMITS)
    assert (scan.to_confirm, scan.lanes) == (1, [[post]])


def pass_fence(world, engine, *, content_hash: str | None = None):
    attempt, current = world.one(
        "select a.id, d.content_hash from social_publish_attempts a join social_scheduled_posts p"
        " on p.id = a.scheduled_post_id join social_drafts d on d.id = p.draft_id where a.finished_at is null"
    )
    with transaction(engine, actor="test") as session:
        return statements.pass_fence(
            session, RUN, attempt, content_hash=content_hash or current,
            lease=timedelta(minutes=3), fence_ahead=timedelta(seconds=1),
        )  # fmt: skip


def test_the_fence_lets_one_of_two_copies_through(world):
    """Airflow may run a task twice; only one of them may send."""
    world.schedule(world.add_page())
    engine = world.engine()
    scan_due_posts(engine, RUN, LIMITS)
    with ThreadPoolExecutor(2) as pool:
        passed = list(pool.map(lambda _: pass_fence_by(world, engine), range(2)))
    assert sorted(p is not None for p in passed) == [False, True]


def pass_fence_by(world, engine):
    try:
        return pass_fence(world, engine)
    except AssertionError:  # The other copy was through before this one looked for an open attempt.
        return None


@pytest.mark.parametrize(
    "change",
    [
        "update facebook_page_connections set paused_at = now(), paused_by = 'ola', pause_reason = 'x'",
        "update facebook_page_connections set rate_limited_until = now() + interval '5 min'",
        "update social_publishing_gate set paused_at = now(), paused_by = 'ola', pause_reason = 'x'",
        "update social_publishing_gate set rate_limited_until = now() + interval '5 min'",
        "update facebook_page_connections set token_status = 'lost'",
        "update social_drafts set body = 'Inne słowa'",
        "update social_drafts set status = 'canceled'",
        "update social_scheduled_posts set status = 'canceled'",
        "update social_scheduled_posts set status = 'pending'",
    ],
)
def test_whatever_happens_after_the_claim_stops_the_fence(world, change):
    """Paused, limited, edited, canceled or taken back: no row comes back, nothing may be sent."""
    world.schedule(world.add_page())
    engine = world.engine()
    scan_due_posts(engine, RUN, LIMITS)
    (attempt, content_hash) = world.one("select a.id, d.content_hash from social_publish_attempts a, social_drafts d")
    world.run(change)
    with transaction(engine, actor="test") as session:
        assert (
            statements.pass_fence(
                session, RUN, attempt, content_hash=content_hash,
                lease=timedelta(minutes=3), fence_ahead=timedelta(seconds=1),
            ) is None
        )  # fmt: skip


def test_content_that_was_not_armed_does_not_pass(world):
    """What a lane holds in its hands has to be what the database holds."""
    world.schedule(world.add_page())
    engine = world.engine()
    scan_due_posts(engine, RUN, LIMITS)
    assert pass_fence(world, engine, content_hash="0" * 64) is None


def test_twenty_scans_and_a_manual_trigger_claim_a_thousand_posts_once_each(world):
    """No post is claimed twice, none is left, nothing deadlocks."""
    larp = world.add_page()
    world.run(
        """
        with drafts as (
            insert into social_drafts (larp_id, title, body, status)
            select %s, 'Post ' || n, 'Tekst ' || n, 'approved' from generate_series(1, 1000) as n returning id
        )
        insert into social_draft_approvals (draft_id, approver, decision) select id, 'ola', 'approved' from drafts
        """,
        larp,
    )
    world.run("insert into social_scheduled_posts (draft_id, publish_at) select id, now() from social_drafts")
    (by_hand,) = world.one("select id from social_scheduled_posts limit 1")
    engine = world.engine(pool_size=21)

    def scan(number: int) -> list:
        return [
            post
            for lane in scan_due_posts(engine, Run("publish_due_posts", str(number)), ScanLimits(max_posts=70)).lanes
            for post in lane
        ]

    def trigger() -> list:
        with transaction(engine, actor="anna") as session:
            is_ours = statements.claim_post_now(
                session, Run("publish_post_now", "manual"), by_hand, actor="anna", reason="now",
                lease=timedelta(minutes=3),
            )  # fmt: skip
        return [by_hand] if is_ours else []

    with ThreadPoolExecutor(21) as pool:
        manual = pool.submit(trigger)
        claims = [post for posts in pool.map(scan, range(20)) for post in posts] + manual.result()
    assert len(claims) == len(set(claims)) == 1000
    assert world.one("select count(*), count(distinct scheduled_post_id) from social_publish_attempts") == (1000, 1000)


def test_up_to_max_lanes_posts_get_a_lane_each():
    """In quiet minutes one task is one post."""
    posts = [ClaimedPost(id=n, connection_id=1) for n in range(16)]
    assert deal_lanes(posts, max_lanes=16, burst_lanes=4) == [[n] for n in range(16)]


def test_a_burst_is_dealt_by_page_and_keeps_each_pages_order():
    """Beyond that, a Page's posts stay together in their order, and lanes are about equally long."""
    posts = [ClaimedPost(id=n, connection_id=n % 50) for n in range(1000)]
    lanes = deal_lanes(posts, max_lanes=16, burst_lanes=4)
    assert len(lanes) == 4
    assert sorted(post for lane in lanes for post in lane) == list(range(1000))
    for lane in lanes:
        for page in {post % 50 for post in lane}:
            of_page = [post for post in lane if post % 50 == page]
            assert of_page == sorted(of_page) and len(of_page) == 20
    assert max(map(len, lanes)) - min(map(len, lanes)) <= 20
