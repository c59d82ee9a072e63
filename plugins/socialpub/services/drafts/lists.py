"""A LARP's drafts in pages: newest first, or by the time they are planned for."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Row
from sqlalchemy.orm import Session

from socialpub.db.drafts import list_newest_drafts, list_planned_drafts
from socialpub.errors import RuleRefusedError
from socialpub.models import DraftStatus
from socialpub.services.drafts.desk import Caller, connections_of_page, open_desk


@dataclass(frozen=True, slots=True)
class DraftFilter:
    """None leaves a filter out. With `planned_from` or `planned_until` (aware; the end is exclusive) the list goes by
    the planned time, and holds a draft once for each of its schedules in that time, canceled ones excepted."""

    statuses: tuple[str, ...] | None = None
    page_id: str | None = None
    planned_from: datetime | None = None
    planned_until: datetime | None = None

    @property
    def is_by_time(self) -> bool:
        return self.planned_from is not None or self.planned_until is not None


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A draft as a list shows it. What belongs to a schedule is of its newest, or in a list by time of that one."""

    id: UUID
    number: int
    title: str
    status: str
    version: int
    content_hash: str
    created_by: str
    updated_by: str
    created_at: datetime
    updated_at: datetime
    scheduled_post_id: UUID | None
    publish_at: datetime | None
    wall_time: datetime | None
    time_zone: str | None
    post_status: str | None
    permalink_url: str | None


@dataclass(frozen=True, slots=True)
class DraftPage:
    """One page of a list. `next_cursor` None is the end."""

    lines: tuple[DraftLine, ...]
    next_cursor: str | None


def list_drafts(
    engine: Engine,
    larp_id: UUID,
    caller: Caller,
    *,
    wanted: DraftFilter | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> DraftPage:
    """Raises `UnknownLarpError`, and `RuleRefusedError` for a cursor that is not of such a list."""
    wanted = wanted or DraftFilter()
    statuses = list(wanted.statuses if wanted.statuses is not None else DraftStatus)
    after = _read_cursor(cursor, is_by_time=wanted.is_by_time)
    with open_desk(engine, caller) as session:
        rows = _find_rows(session, larp_id, wanted, statuses, after=after, limit=limit + 1)
    return _to_page(rows, limit, is_by_time=wanted.is_by_time)


def _find_rows(
    session: Session,
    larp_id: UUID,
    wanted: DraftFilter,
    statuses: list[str],
    *,
    after: Any,  # noqa: ANN401 - of two kinds of list
    limit: int,
) -> Sequence[Row[Any]]:
    if wanted.page_id is None and not wanted.is_by_time:
        rows = list_newest_drafts(session, larp_id, statuses, None, after=after, limit=limit)
        if not rows:
            connections_of_page(session, larp_id, None)  # Raises, if there is no such LARP at all.
        return rows
    connections = _connections(session, larp_id, wanted)
    if connections == []:
        return []
    if not wanted.is_by_time:
        return list_newest_drafts(session, larp_id, statuses, connections, after=after, limit=limit)
    return list_planned_drafts(
        session, larp_id, statuses, connections or [],
        since=wanted.planned_from, until=wanted.planned_until, after=after, limit=limit,
    )  # fmt: skip


def _connections(session: Session, larp_id: UUID, wanted: DraftFilter) -> list[UUID] | None:
    """The connections to look at; None where every draft counts, because all of them are of that Page."""
    all_of_larp, of_page = connections_of_page(session, larp_id, wanted.page_id)
    if wanted.is_by_time:
        return of_page
    return None if of_page and of_page == all_of_larp else of_page


def _to_page(rows: Sequence[Row[Any]], limit: int, *, is_by_time: bool) -> DraftPage:
    lines = tuple(DraftLine(*row) for row in rows[:limit])
    if len(rows) <= limit:
        return DraftPage(lines, None)
    return DraftPage(lines, _write_cursor(lines[-1], is_by_time=is_by_time))


def _write_cursor(last: DraftLine, *, is_by_time: bool) -> str:
    place = [str(last.publish_at), str(last.scheduled_post_id)] if is_by_time else last.number
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None, *, is_by_time: bool) -> Any:  # noqa: ANN401 - of two kinds of list
    """The number of the last draft, or the time and id of the last schedule."""
    if not cursor:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if is_by_time:
            at, post_id = place
            return datetime.fromisoformat(at), UUID(post_id)
        if type(place) is int:
            return place
    except (ValueError, TypeError, AttributeError):
        pass
    raise RuleRefusedError(
        "The cursor is not of this list.", next_step="begin without a cursor, with the same filters.", rule="cursor"
    )
