"""Many assets, or many schedules, in one statement, on tables that PostgreSQL last looked at when they were small.

What their triggers read is not in the plan of the statement that fires them. So PostgreSQL's own counts are asked how
many rows of each table the transaction read: a trigger that compares each with each reads hundreds a row.
"""

from __future__ import annotations

import pytest

ROWS = 600
# Each trigger looks its draft up, some of them twice, and the constraints at the end look once more.
MOST_READS_PER_ROW = 20

READS = """
select relname, seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
where seq_tup_read + coalesce(idx_tup_fetch, 0) > %s
"""
ADD_DRAFTS = """
with draft as (
    insert into social_drafts (larp_id, title, body, status)
    select page.larp_id, 'Nr ' || n, 'Zapraszamy!', %s
    from facebook_page_connections as page, generate_series(1, %s) as n returning id
)
select id from draft
"""
APPROVE = (
    "insert into social_draft_approvals (draft_id, approver, decision) select unnest(%s::uuid[]), 'ola', 'approved'"
)
ATTACH = (
    "insert into social_draft_assets (draft_id, type, storage_path)"
    " select id, 'photo', id || '.jpg' from unnest(%s::uuid[]) as id"
)
SCHEDULE = (
    "insert into social_scheduled_posts (draft_id, publish_at) select unnest(%s::uuid[]), now() + interval '1 hour'"
)
DETACH = "delete from social_draft_assets where draft_id = any(%s)"
RENAME = "update social_draft_assets set alt_text = 'Las' where draft_id = any(%s)"


def add_drafts(world, status: str, count: int) -> list:
    with world.connect("backoffice_login") as connection, connection.transaction():
        drafts = [draft for (draft,) in connection.execute(ADD_DRAFTS, [status, count]).fetchall()]
        if status == "approved":
            connection.execute(APPROVE, [drafts])
    return drafts


def count_reads(world, statement: str, drafts: list) -> dict[str, int]:
    """Tables of which a transaction with this one statement reads more than its rows explain."""
    with world.connect() as connection, connection.transaction():
        connection.execute("set constraints all immediate")
        connection.execute(statement, [drafts])
        return dict(connection.execute(READS, [MOST_READS_PER_ROW * ROWS]).fetchall())


@pytest.fixture
def small(world):
    """The statistics are of ten drafts with their assets and schedules; then come many more drafts, all at once."""
    world.add_page()
    for status, statement in (("draft", ATTACH), ("approved", SCHEDULE)):
        drafts = add_drafts(world, status, 10)
        with world.connect() as connection:
            connection.execute(statement, [drafts])
    with world.connect() as connection:
        for table in ("social_drafts", "social_draft_assets", "social_draft_approvals", "social_scheduled_posts"):
            connection.execute(f"alter table {table} set (autovacuum_enabled = off)")
        connection.execute("analyze")
    return world


@pytest.mark.parametrize("change", [None, RENAME, DETACH], ids=["attached", "changed", "taken away"])
def test_assets_of_many_drafts_cost_what_they_cost(small, change):
    drafts = add_drafts(small, "draft", ROWS)
    if change:
        with small.connect() as connection:
            connection.execute(ATTACH, [drafts])
    assert count_reads(small, change or ATTACH, drafts) == {}


def test_many_schedules_cost_what_they_cost(small):
    assert count_reads(small, SCHEDULE, add_drafts(small, "approved", ROWS)) == {}


def test_the_measure_sees_a_statement_that_compares_each_with_each(small):
    """The guard of the tests above."""
    drafts = add_drafts(small, "draft", ROWS)
    each = (
        "select count(*) from unnest(%s::uuid[]) as given"
        " where (select max(title) from social_drafts as draft where draft.id::text != given::text) = ''"
    )
    assert "social_drafts" in count_reads(small, each, drafts)
