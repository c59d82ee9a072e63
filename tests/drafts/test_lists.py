"""Lists of drafts: complete, in order, of one LARP, and quick beside very many."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from socialpub.errors import RuleRefusedError
from socialpub.services.drafts.desk import Caller
from socialpub.services.drafts.lists import DraftFilter, list_drafts
from socialpub.services.drafts.schedule import When, schedule_draft, unschedule_draft
from socialpub.services.drafts.write import cancel_draft

ANNA = Caller("anna")
MANY = 100_000


def walk(office, wanted: DraftFilter | None = None, *, limit: int = 3) -> list[str]:
    """The titles of all pages, one after the other."""
    titles, cursor = [], None
    while True:
        page = list_drafts(office.engine, office.larp, ANNA, wanted=wanted, cursor=cursor, limit=limit)
        titles += [line.title for line in page.lines]
        if page.next_cursor is None:
            return titles
        assert len(page.lines) == limit
        cursor = page.next_cursor


def plan(office, title: str, at: datetime):
    draft = office.pending(title=title, body=title)
    office.approve(draft, "ola")
    schedule_draft(office.engine, office.larp, draft, When(at), ANNA)
    return draft


def test_pages_follow_each_other_without_a_gap(office, world):
    """Newest first, whatever the status, also when a draft comes or moves between two pages; no other LARP's."""
    drafts = [office.draft(title=f"D{n}") for n in range(8)]
    office.service.submit(office.larp, drafts[3], ANNA)
    cancel_draft(office.engine, office.larp, drafts[5], ANNA)
    world.add_draft(world.add_page("200000000000002"))
    assert walk(office) == [f"D{n}" for n in reversed(range(8))]
    first = list_drafts(office.engine, office.larp, ANNA, limit=3)
    office.draft(title="new")
    second = list_drafts(office.engine, office.larp, ANNA, cursor=first.next_cursor, limit=3)
    assert [line.title for line in second.lines] == ["D4", "D3", "D2"]
    assert walk(office, DraftFilter(statuses=("pending_approval", "canceled"))) == ["D5", "D3"]
    assert walk(office, DraftFilter(statuses=())) == []


def test_the_calendar_goes_by_time(office):
    """From its beginning to before its end; a moved one where it is now, a canceled one not at all."""
    day = datetime(2031, 3, 1, 12, tzinfo=UTC)
    for n in range(6):
        plan(office, f"P{n}", day + timedelta(hours=n // 2))
    office.edit("update social_scheduled_posts set status = 'canceled' where draft_id ="
                " (select id from social_drafts where title = 'P4')")  # fmt: skip
    assert walk(office, DraftFilter(planned_from=day, planned_until=day + timedelta(hours=2)), limit=1) == [
        "P0", "P1", "P2", "P3",
    ]  # fmt: skip
    assert walk(office, DraftFilter(planned_from=day + timedelta(hours=1)), limit=2) == ["P2", "P3", "P5"]
    assert walk(office, DraftFilter(planned_until=day + timedelta(hours=1), statuses=("approved",))) == []


def test_pages_by_time_keep_what_stays_where_it_is_while_others_come_go_and_move(office):
    """Between two pages one is taken out, one comes, two move: of the others none is missed, and none comes twice."""
    day = datetime(2031, 3, 1, 12, tzinfo=UTC)
    drafts = [plan(office, f"P{n}", day + timedelta(hours=n // 2)) for n in range(8)]
    wanted = DraftFilter(planned_from=day)
    first = list_drafts(office.engine, office.larp, ANNA, wanted=wanted, limit=3)
    assert [line.title for line in first.lines] == ["P0", "P1", "P2"]
    unschedule_draft(office.engine, office.larp, drafts[2], ANNA)
    schedule_draft(office.engine, office.larp, drafts[5], When(day + timedelta(minutes=1)), ANNA)
    schedule_draft(office.engine, office.larp, drafts[1], When(day + timedelta(hours=9)), ANNA)
    plan(office, "new", day + timedelta(hours=1, minutes=30))
    second = list_drafts(office.engine, office.larp, ANNA, wanted=wanted, cursor=first.next_cursor, limit=200)
    assert [line.title for line in second.lines] == ["P3", "new", "P4", "P6", "P7", "P1"]


def test_of_one_page(office, world):
    """Of two Pages that the LARP has had: planned ones by their own Page, the others by the present one."""
    plan(office, "Old", datetime(2031, 3, 1, 12, tzinfo=UTC))
    world.run("update facebook_page_connections set disconnected_at = now()")
    world.run(
        "insert into facebook_page_connections (larp_id, page_id, page_name) values (%s, '201', 'Nowa')", office.larp
    )
    plan(office, "New", datetime(2031, 3, 2, 12, tzinfo=UTC))
    office.draft(title="Unplanned")
    for by_time in ({}, {"planned_from": datetime(2031, 1, 1, tzinfo=UTC)}):
        assert walk(office, DraftFilter(page_id="200000000000001", **by_time)) == ["Old"]
    assert walk(office, DraftFilter(page_id="201")) == ["Unplanned", "New"]
    assert walk(office, DraftFilter(page_id="999")) == []


@pytest.mark.parametrize("cursor", ["nonsense", "eyJhIjoxfQ", "WyIyMDMxIiwgIngiXQ", "dHJ1ZQ", "MTI"])
@pytest.mark.parametrize("by_time", [False, True])
def test_a_cursor_of_elsewhere_is_refused(office, cursor, by_time):
    """Not a server error, and not the wrong page. (The last one is a number, which a list by number takes.)"""
    wanted = DraftFilter(planned_from=datetime(2031, 1, 1, tzinfo=UTC)) if by_time else None
    if cursor == "MTI" and not by_time:
        assert list_drafts(office.engine, office.larp, ANNA, wanted=wanted, cursor=cursor).lines == ()
        return
    with pytest.raises(RuleRefusedError, match="cursor"):
        list_drafts(office.engine, office.larp, ANNA, wanted=wanted, cursor=cursor)


@pytest.fixture
def crowded(office, world):
    """Very many drafts of the LARP, half of them planned, written in one transaction."""
    with world.connect() as connection:
        connection.execute(
            "with draft as (insert into social_drafts (larp_id, title, body, status, created_by)"
            " select %s, 'Post ' || n, 'Tekst ' || n, case when n %% 2 = 0 then 'approved' else 'draft' end, 'anna'"
            " from generate_series(1, %s) as n returning id, status)"
            " insert into social_draft_approvals (draft_id, approver, decision)"
            " select id, 'ola', 'approved' from draft where status = 'approved'",
            (office.larp, MANY),
        )
        connection.execute(
            "insert into social_scheduled_posts (draft_id, publish_at)"
            " select id, now() + interval '1 day' + number * interval '1 minute' from social_drafts"
            " where status = 'approved'"
        )
        connection.execute("analyze")
    return office


FILTERS = {
    "newest": DraftFilter(),
    "one status": DraftFilter(statuses=("scheduled",)),
    "a status that nothing has": DraftFilter(statuses=("pending_approval", "failed")),
    "the Page": DraftFilter(page_id="200000000000001"),
    "a week": DraftFilter(planned_from=datetime.now(UTC) + timedelta(days=30),
                          planned_until=datetime.now(UTC) + timedelta(days=37)),
    "from now on": DraftFilter(planned_from=datetime.now(UTC), statuses=("scheduled",)),
}  # fmt: skip


@pytest.mark.timeout(300)
def test_a_page_of_a_crowded_list_is_an_index_away(crowded):
    """No list reads a whole table, neither its first page nor a later one; none takes longer than a glance."""
    asked: list[tuple[str, object]] = []
    listen = lambda conn, cursor, statement, params, context, many: asked.append((statement, params))  # noqa: E731
    for name, wanted in FILTERS.items():
        list_drafts(crowded.engine, crowded.larp, ANNA, wanted=wanted)
        event.listen(crowded.engine, "before_cursor_execute", listen)
        cursor = None
        for _ in range(3):
            started = time.monotonic()
            page = list_drafts(crowded.engine, crowded.larp, ANNA, wanted=wanted, cursor=cursor)
            assert time.monotonic() - started < 0.1, name
            cursor = page.next_cursor
        event.remove(crowded.engine, "before_cursor_execute", listen)
    lists = [(statement, params) for statement, params in asked if "-- " in statement]
    assert len(lists) == 3 * len(FILTERS)
    with crowded.world.connect() as connection:
        for statement, params in lists:
            plan_lines = connection.execute("explain (analyze, buffers) " + statement, params).fetchall()
            text = "\n".join(line for (line,) in plan_lines)
            for table in ("social_drafts", "social_scheduled_posts"):
                assert f"Seq Scan on {table}" not in text, text
            buffers = int(text.split("Buffers: shared hit=")[1].split()[0])
            assert buffers < 1_500, text
