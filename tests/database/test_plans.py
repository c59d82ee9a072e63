"""A burst on a table that PostgreSQL last looked at when nothing was due: the work of a statement grows with its posts.

The planner then expects one row where there are hundreds, and thinks nothing of comparing each of them with each. What
each statement really read and threw away is asked of PostgreSQL itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, event

from socialpub.db import posts as statements
from socialpub.db.engine import transaction
from socialpub.db.posts import Answered, Run
from socialpub.services.arm import load_posts
from socialpub.services.claim import ScanLimits, scan_due_posts

POSTS = 600
LEASE, FENCE_AHEAD = timedelta(minutes=3), timedelta(seconds=1)
RUN = Run("publish_due_posts", "scheduled__1")
# Comparing each with each would be hundreds.
MOST_ROWS_PER_POST = 10

ADD_PAGES = """
with larp as (insert into larps (title) select 'LARP ' || n from generate_series(1, %s) as n returning id)
insert into facebook_page_connections (larp_id, page_id, page_name, access_token)
select id, (300000000000000 + row_number() over ())::text, 'Page', 'fernet:none' from larp
"""
ADD_DRAFTS = """
with draft as (
    insert into social_drafts (larp_id, title, body, status)
    select larp_id, %s, 'Zapraszamy!', 'approved' from facebook_page_connections returning id
)
insert into social_draft_approvals (draft_id, approver, decision) select id, 'ola', 'approved' from draft
"""
SCHEDULE = """
insert into social_scheduled_posts (draft_id, publish_at) select id, now() + %s from social_drafts where title = %s
"""


@pytest.fixture
def engine(world):
    """A due post on each of many Pages; the statistics are of a moment when all posts were published."""
    with world.connect() as connection:
        connection.execute(ADD_PAGES, [POSTS])
    schedule(world, "Before", timedelta(0))
    engine = world.engine(pool_size=1)
    publish_all(engine)
    with world.connect() as connection:
        connection.execute("analyze")
    yield engine
    engine.dispose()


def schedule(world, title: str, due_in: timedelta) -> None:
    with world.connect("backoffice_login") as connection:
        with connection.transaction():
            connection.execute(ADD_DRAFTS, [title])
        connection.execute(SCHEDULE, [due_in, title])


def publish_all(engine: Engine) -> None:
    """What the scan and its lane do, as one lane."""
    [*lanes] = scan_due_posts(engine, RUN, ScanLimits()).lanes
    posts = load_posts(engine, RUN, [post_id for lane in lanes for post_id in lane])
    with transaction(engine, actor=str(RUN)) as session:
        assert statements.find_posts_behind_others(session, [post.id for post in posts]) == set()
        hashes = {post.attempt.id: post.content_hash for post in posts if post.attempt}
        passed = statements.pass_fences(session, RUN, hashes, lease=LEASE, fence_ahead=FENCE_AHEAD)
    now = datetime.now(UTC)
    answers = {attempt: Answered(f"1_{number}{now:%H%M%S%f}", None, now) for number, attempt in enumerate(passed)}
    with transaction(engine, actor=str(RUN)) as session:
        assert len(statements.record_published(session, answers)) == POSTS


def read_plans(engine: Engine) -> dict[str, dict]:
    """The plan of each statement of ours with what it really did, by its first line; tried, then taken back."""
    plans: dict[str, dict] = {}

    def explain(_, cursor, statement, parameters, *rest) -> None:
        if statement.startswith("--"):
            cursor.execute("savepoint explained")
            cursor.execute(f"explain (analyze, timing off, format json) {statement}", parameters)
            [[plan]] = cursor.fetchall()
            cursor.execute("rollback to savepoint explained")
            plans[statement.splitlines()[0]] = plan[0]["Plan"]

    event.listen(engine, "before_cursor_execute", explain)
    return plans


def nodes(plan: dict) -> Iterator[dict]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def rows_in_vain(plan: dict) -> float:
    """How many rows the statement read or compared to throw them away."""
    return sum(
        node["Actual Loops"] * (node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0))
        for node in nodes(plan)
    )


def assert_linear(plans: dict[str, dict]) -> None:
    in_vain = {name: rows_in_vain(plan) / POSTS for name, plan in plans.items()}
    assert {name: rows for name, rows in in_vain.items() if rows > MOST_ROWS_PER_POST} == {}


@pytest.mark.parametrize("due_in", [timedelta(seconds=30), timedelta(hours=-1)], ids=["punctual", "overdue"])
def test_a_burst_costs_what_its_posts_cost(world, engine, due_in):
    """Claiming, the fence and writing down read each post about once, punctual or caught up with."""
    schedule(world, "Burst", due_in)
    plans = read_plans(engine)
    publish_all(engine)
    assert len(plans) > 10
    assert_linear(plans)


def test_many_that_are_given_up_cost_what_they_cost(world, engine):
    """Late posts, posts of Pages without a token, and those whose lane vanished before or behind the fence."""
    schedule(world, "Late", timedelta(hours=-7))
    schedule(world, "Left", timedelta(seconds=30))
    plans = read_plans(engine)
    assert scan_due_posts(engine, RUN, ScanLimits()).missed == POSTS
    world.run("update social_scheduled_posts set lease_expires_at = now() where status = 'queued'")
    assert scan_due_posts(engine, Run("publish_due_posts", "2"), ScanLimits()).released == POSTS
    world.run(
        "update facebook_page_connections set token_status = 'lost', token_status_reason = 'Hasło zmienione'"
        " where disconnected_at is null"
    )
    world.run("update social_scheduled_posts set lease_expires_at = now() where status = 'queued'")
    assert scan_due_posts(engine, Run("publish_due_posts", "3"), ScanLimits()).released == POSTS
    assert_linear(plans)


def test_the_measure_sees_a_statement_that_compares_each_with_each(world, engine):
    """The guard of the tests above."""
    with world.connect() as connection:
        connection.execute("set enable_hashjoin = off; set enable_mergejoin = off; set enable_memoize = off")
        [[plan]] = connection.execute(
            "explain (analyze, timing off, format json)"
            " select 1 from social_scheduled_posts as a"
            " inner join social_scheduled_posts as b on a.id::text = b.id::text"
        ).fetchall()
    with pytest.raises(AssertionError):
        assert_linear({"each with each": plan[0]["Plan"]})
