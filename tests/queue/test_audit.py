"""The audit log in pages: found by who, what, whom and when, with what was before, and its seals verified."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from socialpub.errors import RuleRefusedError
from socialpub.services.audit.lists import (
    AuditFilter,
    describe_changes,
    list_entries,
    read_seal_state,
)
from socialpub.services.audit.seal import seal_audit_log
from socialpub.services.audit.verify import look_back
from socialpub.services.pause import pause, resume
from socialpub.services.resolve import cancel


@pytest.fixture
def post(world, larp):
    return world.schedule(larp, due_in=3600)


def entries(engine, larp, *, is_everywhere=False, **wanted):
    return list_entries(engine, larp, AuditFilter(**wanted), is_everywhere=is_everywhere).entries


def test_the_newest_comes_first(engine, larp, post):
    cancel(engine, post, reason="No", actor="airflow:ola")
    ids = [entry.id for entry in entries(engine, larp)]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) > 3


def test_it_is_found_by_who_by_what_and_by_whom(engine, world, larp, post):
    cancel(engine, post, reason="No", actor="airflow:ola")
    assert {entry.actor for entry in entries(engine, larp, actor="OLA")} == {"airflow:ola"}
    assert {entry.action for entry in entries(engine, larp, action="Canceled")} == {"scheduled_post.canceled"}
    of_post = entries(engine, larp, entity_id=post)
    assert of_post
    assert {entry.entity_id for entry in of_post} == {post}
    [draft] = world.one("select draft_id from social_scheduled_posts where id = %s", post)
    assert {entry.entity_id for entry in entries(engine, larp, entity_id=draft)} == {post, draft}


def test_it_is_found_by_when(world, engine, larp, post):
    """Also among many: entries lie in the order of their time."""
    with world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("alter table social_audit_log disable trigger all")
        connection.execute("update social_audit_log set occurred_at = '2026-01-01 12:00+00'")
        connection.execute(
            "insert into social_audit_log (actor, action, larp_id, entity_id, payload, occurred_at)"
            " select 'x', 'test', %s, %s, '{}', timestamptz '2026-02-01 00:00+00' + n * interval '1 hour'"
            " from generate_series(1, 500) as n", [larp, post],
        )  # fmt: skip
    day = datetime(2026, 2, 10, tzinfo=UTC)
    found = entries(engine, larp, since=day, until=day + timedelta(hours=5))
    assert [entry.occurred_at.hour for entry in found] == [4, 3, 2, 1, 0]
    assert all(entry.occurred_at.day == 10 for entry in found)


def test_a_change_shows_what_was_before(world, engine, larp):
    pause(engine, page_id="200000000000001", reason="Wrong date", actor="airflow:ola")
    resume(engine, page_id="200000000000001", actor="airflow:ola")
    newest, older, *_ = entries(engine, larp, actor="ola")
    [change] = [change for change in describe_changes(older) if change.field == "pause_reason"]
    assert (change.before, change.after) == (None, "Wrong date")
    [change] = [change for change in describe_changes(newest) if change.field == "pause_reason"]
    assert (change.before, change.after) == ("Wrong date", None)


def test_what_belongs_to_another_larp_or_to_all_is_for_those_who_may(world, engine, larp, post):
    other = world.add_page("200000000000002", name="Inni")
    pause(engine, page_id=None, reason="All", actor="airflow:ewa")
    assert not any(entry.larp_id != larp for entry in entries(engine, larp))
    assert "gate.paused" not in {entry.action for entry in entries(engine, other)}
    assert "gate.paused" in {entry.action for entry in entries(engine, other, is_everywhere=True)}
    assert not any(entry.entity_id == post for entry in entries(engine, other, is_everywhere=True))
    assert entries(engine, other, entity_id=post) == []


def test_it_is_read_page_by_page_and_says_how_far_it_looked(engine, larp, post, monkeypatch):
    every = [entry.id for entry in entries(engine, larp)]
    seen, cursor = [], ""
    while True:
        page = list_entries(engine, larp, AuditFilter(), is_everywhere=False, cursor=cursor, limit=2)
        seen += [entry.id for entry in page.entries]
        if page.next_cursor is None:
            break
        cursor = str(page.next_cursor)
    assert seen == every
    monkeypatch.setattr("socialpub.services.audit.lists._LOOKED_AT", 2)
    page = list_entries(engine, larp, AuditFilter(action="nothing"), is_everywhere=False)
    assert page.entries == []
    assert page.next_cursor == every[1]
    assert page.looked_back_to is not None


@pytest.mark.parametrize("cursor", ["x", "-1", "9" * 30])
def test_a_cursor_of_its_own_is_refused(engine, larp, cursor):
    with pytest.raises(RuleRefusedError):
        list_entries(engine, larp, AuditFilter(), is_everywhere=False, cursor=cursor)


def test_the_newest_seal_is_told_with_what_it_does_not_cover(engine, larp, post):
    assert read_seal_state(engine).number == 0
    seal_audit_log(engine)
    cancel(engine, post, reason="No", actor="airflow:ola")
    state = read_seal_state(engine)
    assert state.number == 1
    assert state.newer_entries > 0


def seal_twice(engine, post):
    seal_audit_log(engine)
    cancel(engine, post, reason="No", actor="airflow:ola")
    seal_audit_log(engine)


@pytest.mark.parametrize(("patience", "steps"), [(timedelta(0), [2, 1]), (timedelta(minutes=1), [1])])
def test_the_chain_is_gone_back_as_far_as_patience_lets(engine, larp, post, patience, steps):
    seal_twice(engine, post)
    below = None
    for oldest in steps:
        look = look_back(engine, below=below, patience=patience)
        assert (look.oldest, look.has_older, look.troubles) == (oldest, oldest > 1, ())
        below = look.oldest


def test_a_forged_entry_is_found_and_nothing_before_it_is_called_good(world, engine, larp, post):
    seal_twice(engine, post)
    with world.connect() as connection:
        connection.execute("alter table social_audit_log disable trigger all")
        connection.execute("update social_audit_log set actor = 'nobody' where action = 'scheduled_post.canceled'")
    look = look_back(engine, patience=timedelta(minutes=1))
    [trouble] = look.troubles
    assert "Seal 2" in trouble and "changed" in trouble
    assert (look.oldest, look.has_older) == (2, True)


def test_a_seal_that_is_gone_and_a_head_that_is_not_in_the_chain_are_found(world, engine, larp, post):
    seal_twice(engine, post)
    head = look_back(engine, patience=timedelta(0)).head
    assert look_back(engine, expected_head=head, patience=timedelta(minutes=1)).troubles == ()
    with world.connect() as connection:
        connection.execute("alter table social_audit_seals disable trigger all")
        connection.execute("delete from social_audit_seals where number = 1")
    gap, foreign, broken = look_back(engine, expected_head=f"2:{'0' * 64}", patience=timedelta(minutes=1)).troubles
    assert gap == "Seals 1 are missing."
    assert "written anew" in foreign
    assert "Seal 2" in broken
