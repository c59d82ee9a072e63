"""A backoffice that schedules very many posts at once: the cost grows with the rows, and no rule is lost."""

from __future__ import annotations

import time
from threading import Timer

import psycopg
import pytest

from socialpub.db.posts import Run
from socialpub.services.claim import ScanLimits, scan_due_posts

FEW, MANY = 4_000, 16_000
# Ten times what it takes on two idle cores: this is about growth, bench/bulk_insert.py is about speed.
MOST_SECONDS_PER_ROW = 0.0015

ADD_DRAFTS = """
with draft as (
    insert into social_drafts (larp_id, title, body, status)
    select %s, %s || n, 'Zapraszamy!', 'approved' from generate_series(1, %s) as n returning id
)
insert into social_draft_approvals (draft_id, approver, decision) select id, 'ola', 'approved' from draft
"""
SCHEDULE = """
insert into social_scheduled_posts (draft_id, publish_at)
select id, now() + interval '1 day' from social_drafts where status = 'approved' and title like %s
"""


@pytest.fixture
def larp(world):
    return world.add_page()


def seconds_to_schedule(connection: psycopg.Connection, larp, name: str, rows: int) -> float:
    """In one session, whose plans are kept from the smaller statement for the larger one."""
    connection.execute(ADD_DRAFTS, (larp, name, rows))
    started = time.monotonic()
    assert connection.execute(SCHEDULE, (f"{name}%",)).rowcount == rows
    return time.monotonic() - started


def test_four_times_the_rows_take_about_four_times_the_time(world, larp):
    """One row first, then few, then many in the same session: no kept plan makes the large statement quadratic."""
    with world.connect("backoffice_login") as connection:
        seconds_to_schedule(connection, larp, "One ", 1)
        few = seconds_to_schedule(connection, larp, "Few ", FEW)
        many = seconds_to_schedule(connection, larp, "Many ", MANY)
    assert many / few < 3 * MANY / FEW, (few, many)
    assert many / MANY < MOST_SECONDS_PER_ROW, (few, many)


def test_statistics_of_tables_that_were_small_make_no_large_statement_quadratic(world, larp):
    """Analyzed while they held one row, the tables tell the planner that they hold few, however many there are."""
    with world.connect("backoffice_login") as connection, world.connect() as owner:
        seconds_to_schedule(connection, larp, "One ", 1)
        owner.execute("analyze")
        times = []
        for name, rows in (("Few ", FEW), ("Many ", MANY)):
            started = time.monotonic()
            connection.execute(ADD_DRAFTS, (larp, name, rows))
            connection.execute(SCHEDULE, (f"{name}%",))
            times.append(time.monotonic() - started)
    assert times[1] / times[0] < 3 * MANY / FEW, times


def test_a_single_row_after_many_costs_a_single_row(world, larp):
    """The plan of the large statement, kept in its session, reads no whole table for one row."""
    with world.connect("backoffice_login") as connection:
        seconds_to_schedule(connection, larp, "Many ", MANY)
        times = sorted(seconds_to_schedule(connection, larp, f"One {n} ", 1) for n in range(9))
    assert times[4] < 0.03, times


def test_the_scan_takes_what_is_due_beside_very_many_that_are_not(world, larp):
    """Thousands of posts for tomorrow, written a moment ago, hide none that is due now."""
    with world.connect("backoffice_login") as connection:
        seconds_to_schedule(connection, larp, "Many ", MANY)
    due = world.schedule(larp)
    assert scan_due_posts(world.engine(), Run("publish_due_posts", "1"), ScanLimits()).lanes == [[due]]


def test_each_row_of_many_is_followed_and_audited_like_a_single_one(world, larp):
    """Draft, fingerprint, Page and audit entry of every row, with the person who did it."""
    with world.connect("backoffice_login") as connection, connection.transaction():
        connection.execute("select set_config('socialpub.actor', 'anna', true)")
        seconds_to_schedule(connection, larp, "Few ", 500)
    assert world.one(
        "select count(*), count(distinct p.id) from social_scheduled_posts p join social_drafts d on d.id = p.draft_id"
        " join facebook_page_connections c on c.id = p.connection_id and c.larp_id = d.larp_id"
        " where d.status = 'scheduled' and d.scheduled_at = p.publish_at and d.content_hash = p.content_hash"
        " and p.content_hash ~ '^[0-9a-f]{64}$'"
    ) == (500, 500)
    with world.connect() as connection:
        entries = connection.execute(
            "select action, actor, count(distinct entity_id), count(*) from social_audit_log"
            " where larp_id = %s and action not like 'connection%%' group by 1, 2 order by 1",
            (larp,),
        ).fetchall()
    assert entries == [
        ("draft.approved_by_approver", "anna", 500, 500),
        ("draft.created", "anna", 500, 500),
        ("scheduled_post.created", "anna", 500, 500),
    ]


def test_one_bad_row_refuses_the_whole_statement(world, larp):
    """A draft that nobody approved among many: nothing is scheduled."""
    with world.connect("backoffice_login") as connection:
        connection.execute(ADD_DRAFTS, (larp, "Good ", 50))
        connection.execute("insert into social_drafts (larp_id, title, body) values (%s, 'Bad', 'B')", (larp,))
        with pytest.raises(psycopg.Error, match="only an approved draft"):
            connection.execute("insert into social_scheduled_posts (draft_id, publish_at) select id, now()"
                               " from social_drafts")  # fmt: skip
    assert world.one("select count(*) from social_scheduled_posts") == (0,)


def test_a_draft_that_says_scheduled_has_its_post(world, larp):
    """For every writer, the owner included: the status can't be written without the post."""
    world.add_draft(larp)
    for user in ("backoffice_login", "postgres"):
        with pytest.raises(psycopg.Error, match="no scheduled post of it does"):
            world.run("update social_drafts set status = 'scheduled'", user=user)


def test_an_edit_that_overtakes_the_schedule_wins(world, larp):
    """The backoffice edits while another of its logins schedules: what nobody approved is not scheduled."""
    draft = world.add_draft(larp)
    with world.connect("backoffice_login") as editor, world.connect("backoffice_login") as planner:
        editor.execute("begin")
        editor.execute("update social_drafts set body = 'Inne słowa' where id = %s", (draft,))
        planner.execute("set statement_timeout = '20s'")
        Timer(1, lambda: editor.execute("commit")).start()
        with pytest.raises(psycopg.Error, match="at this moment"):
            planner.execute("insert into social_scheduled_posts (draft_id, publish_at) values (%s, now())", (draft,))
    assert world.one("select status from social_drafts") == ("draft",)
    assert world.one("select count(*) from social_scheduled_posts") == (0,)
