"""Each list costs what it shows, however much else there is: asked of PostgreSQL, beside a history of thousands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, event

from socialpub.services.queue.calendar import month_span, read_calendar
from socialpub.services.queue.lists import STATES, QueueFilter, list_posts

ROWS = 6000
MOST_ROWS_IN_VAIN = 300
MOST_BLOCKS = 1200

# Mostly live ones and ones to come, as a year of use leaves them; the rest is rare and old.
FILL = """
insert into social_drafts (larp_id, title, status, content_hash, created_by, updated_by)
select %(larp)s, 'Post ' || n, 'scheduled', md5(n::text) || md5('b' || n), 'anna', 'anna'
from generate_series(1, %(rows)s) as n;
"""
SCHEDULE = """
insert into social_scheduled_posts (draft_id, connection_id, publish_at, status, status_reason, content_hash,
    published_at, facebook_post_id, delivery, created_by)
select draft.id, page.id, at, state, case when state in ('failed', 'missed', 'canceled', 'unconfirmed') then 'No.' end,
    repeat('0', 64), case when state = 'published' then at end, case when state = 'published' then '1_' || n end,
    'direct', 'anna'
from (select id, row_number() over (order by id) as n from social_drafts where larp_id = %(larp)s) as draft
inner join facebook_page_connections as page on page.larp_id = %(larp)s
cross join lateral (select now() + (n - %(rows)s / 2) * interval '1 hour' as at) as time
cross join lateral (
    select case
        when n <= 40 then (array['failed', 'missed', 'canceled', 'unconfirmed'])[1 + n %% 4]
        when at < now() then 'published'
        when n > %(rows)s - 20 then 'handed_over'
        else 'pending' end as state
) as what
"""


# Ten for each Page: two that failed, three that are live, five to come.
FILL_MANY = """
with what as (
    select page.id as page, page.larp_id as larp, n, social_new_id() as draft,
        now() + (n - 6) * interval '1 hour' + row_number() over () * interval '1 second' as at
    from facebook_page_connections as page cross join generate_series(1, 10) as n where page.page_id like '3%'
),
draft as (
    insert into social_drafts (id, larp_id, title, status, content_hash, created_by, updated_by)
    select draft, larp, 'Post', 'scheduled', md5(draft::text) || md5('b'), 'anna', 'anna' from what
)
insert into social_scheduled_posts (draft_id, connection_id, publish_at, status, status_reason, content_hash,
    published_at, facebook_post_id, delivery, created_by)
select draft, page, at, state, case when state = 'failed' then 'No.' end, repeat('0', 64),
    case when state = 'published' then at end, case when state = 'published' then '3_' || draft end, 'direct', 'anna'
from what cross join lateral (
    select case when n <= 2 then 'failed' when n <= 5 then 'published' else 'pending' end as state
) as outcome
"""
BLOCKS_A_PAGE = 20


@pytest.fixture
def full(world, larp):
    """The LARP, and another of the same size in the same tables."""
    with world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        for owner in (larp, world.add_page("200000000000002", name="Inni")):
            connection.execute(FILL, {"larp": owner, "rows": ROWS})
            if owner != larp:
                connection.execute("update social_scheduled_posts set facebook_post_id = '2' || facebook_post_id")
            connection.execute(SCHEDULE, {"larp": owner, "rows": ROWS})
        connection.execute("vacuum analyze")
    return larp


def read_plans(engine: Engine) -> list[dict]:
    """The plan of each of our statements with what it really did."""
    plans: list[dict] = []

    def explain(_, cursor, statement, parameters, *rest) -> None:
        if statement.startswith("--"):
            cursor.execute(f"explain (analyze, buffers, timing off, format json) {statement}", parameters)
            plans.append(cursor.fetchone()[0][0]["Plan"])

    event.listen(engine, "before_cursor_execute", explain)
    return plans


def nodes(plan: dict) -> Iterator[dict]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def assert_cheap(plans: list[dict]) -> None:
    for plan in plans:
        in_vain = sum(node["Actual Loops"] * node.get("Rows Removed by Filter", 0) for node in nodes(plan))
        assert in_vain <= MOST_ROWS_IN_VAIN, plan
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= MOST_BLOCKS, plan
        assert not any(node["Node Type"] == "Seq Scan" and "scheduled" in node["Relation Name"] for node in nodes(plan))


@pytest.mark.parametrize("state", STATES)
def test_a_page_of_each_list_reads_little_more_than_it_shows(engine, full, state):
    """The first page and the second one."""
    plans = read_plans(engine)
    first = list_posts(engine, [full], QueueFilter(state=state))
    if first.next_cursor:
        assert list_posts(engine, [full], QueueFilter(state=state), cursor=first.next_cursor).lines
    assert len(plans) >= 2
    assert_cheap(plans)


@pytest.fixture
def many(world, full):
    """The LARPs of `full`, and three hundred others with posts of their own around now."""
    with world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("insert into larps (title) select 'Larp ' || n from generate_series(1, 300) as n")
        connection.execute(
            "insert into facebook_page_connections (larp_id, page_id, page_name)"
            " select id, '3' || row_number() over (), title from larps where title like 'Larp %'"
        )
        connection.execute(FILL_MANY)
        connection.execute("vacuum analyze")
        return [larp for (larp,) in connection.execute("select id from larps")]


@pytest.mark.parametrize("state", ["to_come", "needs_a_person", "published"])
def test_a_list_of_hundreds_of_larps_reads_little_more_than_one_post_of_each(engine, many, state):
    """The first page and the second one, beside the same thousands."""
    plans = read_plans(engine)
    first = list_posts(engine, many, QueueFilter(state=state))
    assert len(first.lines) == 50
    assert list_posts(engine, many, QueueFilter(state=state), cursor=first.next_cursor).lines
    assert len(plans) == 6
    for plan in plans:
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] <= BLOCKS_A_PAGE * len(many), plan
        assert not any(node["Node Type"] == "Seq Scan" and "scheduled" in node["Relation Name"] for node in nodes(plan))


def test_the_indexes_of_the_lists_are_not_written_while_posts_go_out(world):
    """None holds a row in a status that each post passes: as it is scheduled, or on its way out."""
    with world.connect() as connection:
        held = dict(
            connection.execute(
                "select indexname, pg_get_expr(indpred, indrelid) from pg_indexes"
                " inner join pg_index on indexrelid = indexname::regclass where indexname = any(%s)",
                [["social_scheduled_posts_aside", "social_scheduled_posts_by_hand", "social_scheduled_posts_put_off"]],
            ).fetchall()
        )
    assert len(held) == 3
    assert not any("queued" in condition or "publishing" in condition for condition in held.values())
    assert "next_attempt_at IS NOT NULL" in held["social_scheduled_posts_put_off"]
    assert "requested_now_at IS NOT NULL" in held["social_scheduled_posts_by_hand"]
    assert not any(f"'{status}'" in held["social_scheduled_posts_aside"] for status in ("pending", "published"))


def test_a_month_reads_that_month(engine, full):
    plans = read_plans(engine)
    calendar = read_calendar(engine, full, month_span(datetime.now(UTC).date()), shown=4)
    assert sum(day.total for day in calendar.days) > 0
    assert len(plans) == 3
    assert_cheap(plans)
