"""The LARP's posts on its own days: month, week and day, and moving a post to another time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute
from socialpub.api.problem import Problem
from socialpub.api.roles import Permission
from socialpub.api.threads import in_thread
from socialpub.console.drafts import quote
from socialpub.console.drawing import render, say_clock
from socialpub.console.message import leave
from socialpub.console.queue import Day, find_line
from socialpub.console.visit import LARP, Visit, enter
from socialpub.errors import LocalTimeError, SocialpubError
from socialpub.services.drafts.schedule import When, schedule_draft
from socialpub.services.queue.calendar import Calendar, CalendarDay, list_day, month_span, read_calendar, week_span
from socialpub.services.queue.lists import QueueLine, QueuePage
from socialpub.services.queue.post import list_pages

Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]
Scheduler = Annotated[Visit, Depends(enter(Permission.SCHEDULE_DRAFTS))]
PageId = Annotated[str, Query(pattern=r"^[0-9]{0,40}$")]
CALENDAR = f"{LARP}/calendar"
MOVE = f"{CALENDAR}/move/{{post_id}}"
_SHOWN = {"month": 4, "week": 25}
_FIRST, _LAST = date(1970, 1, 1), date(9000, 1, 1)
router = APIRouter(route_class=GuardedRoute)


@router.get(CALENDAR)
async def show(
    request: Request,
    visit: Reader,
    view: Annotated[str, Query(pattern="^(month|week)$")] = "month",
    day: Day = "",
    page: PageId = "",
) -> Response:
    """A month or a week, by default the present one."""
    today = datetime.now(UTC).astimezone(visit.zone).date()
    anchor = _read_day(day) or today
    span = month_span(anchor) if view == "month" else week_span(anchor)

    def read() -> tuple[Calendar, list[tuple[str, str]]]:
        calendar = read_calendar(
            visit.resources.engine, visit.larp.id, span, page_id=page or None, shown=_SHOWN[view]
        )  # fmt: skip
        return calendar, list_pages(visit.resources.engine, visit.larp.id)

    calendar, pages = await in_thread(request, read)
    before, after = _neighbours(anchor, view)

    def address(**query: object) -> str:
        kept = {"view": view, "day": anchor, "page": page} | query
        return f"{visit.url('calendar')}?{urlencode({name: value for name, value in kept.items() if value})}"

    return render(
        request, "calendar.html", calendar=calendar, pages=pages, page=page, view=view, anchor=anchor, today=today,
        before=address(day=before), after=address(day=after), address=address, tomorrow=today + timedelta(days=1),
    )  # fmt: skip


@router.get(f"{CALENDAR}/day/{{day}}")
async def show_day(
    request: Request, visit: Reader, day: date, page: PageId = "", cursor: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """All posts of a day, however many."""
    wanted = _read_day(day.isoformat()) or day

    def read() -> tuple[CalendarDay, QueuePage]:
        return list_day(visit.resources.engine, visit.larp.id, wanted, page_id=page or None, cursor=cursor or None)

    shown, found = await in_thread(request, read)
    base = visit.url("calendar", "day", wanted)
    kept = {"page": page} if page else {}
    return render(
        request, "calendar_day.html", shown=shown, page=page,
        first=f"{base}?{urlencode(kept)}" if cursor else "",
        next=f"{base}?{urlencode(kept | {'cursor': found.next_cursor})}" if found.next_cursor else "",
    )  # fmt: skip


@router.get(MOVE)
async def ask_time(request: Request, visit: Scheduler, post_id: UUID) -> Response:
    """The form by which a post is moved without a mouse."""
    line = await in_thread(request, find_line, visit, post_id)
    return _draw_move(request, visit, line, at=line.publish_at.astimezone(visit.zone).replace(tzinfo=None))


@router.post(MOVE)
async def move(request: Request, visit: Scheduler, post_id: UUID) -> Response:
    """To the time of the form, or to another day at the same time of day, as a drop means it."""
    line = await in_thread(request, find_line, visit, post_id)
    at, version = _read_time(visit, line), visit.text("version")
    offset = _read_offset(visit.text("offset"))

    def work() -> datetime:
        schedule_draft(
            visit.resources.engine, visit.larp.id, line.draft_id, When(at, offset=offset), visit.caller,
            expected_version=int(version) if version.isdecimal() else None,
        )  # fmt: skip
        return find_line(visit, post_id).publish_at

    try:
        moved = await in_thread(request, work)
    except LocalTimeError as error:
        return _draw_move(request, visit, line, at=at, trouble=str(error), choices=error.choices, status=409)
    except SocialpubError as error:
        return _draw_move(request, visit, line, at=at, trouble=str(error), status=409)
    return leave(visit, _back(visit), f"{quote(line.title)} is planned for {say_clock(moved, visit.zone)}.")


def _draw_move(
    request: Request,
    visit: Visit,
    line: QueueLine,
    *,
    at: datetime,
    trouble: str = "",
    choices: tuple[str, ...] = (),
    status: int = 200,
) -> Response:
    times = [choice for choice in choices if "T" in choice]
    return render(
        request, "calendar_move.html", status=status, line=line, at=f"{at:%Y-%m-%dT%H:%M:%S}".removesuffix(":00"),
        trouble=trouble, times=times, offsets=[] if times else choices, back=_back(visit),
    )  # fmt: skip


def _read_time(visit: Visit, line: QueueLine) -> datetime:
    """Raises 422."""
    try:
        if day := visit.text("day"):
            local = line.publish_at.astimezone(visit.zone)
            return datetime.combine(date.fromisoformat(day), local.time())
        at = datetime.fromisoformat(visit.text("at"))
        if at.tzinfo is None:
            return at
    except ValueError:
        pass
    raise Problem(422, "invalid_time", "The form names no day and time.", next_step="give them as 2027-03-28T14:00.")


def _read_offset(text: str) -> timedelta | None:
    """`+02:00`; raises 422 for anything else but ""."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(f"2000-01-01T00:00{text}").utcoffset()
    except ValueError as error:
        raise Problem(422, "invalid_offset", "That is no offset.", next_step="choose one of the two.") from error


def _read_day(text: str) -> date | None:
    """Raises 422 for a day that no calendar shows."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Problem(422, "invalid_day", "There is no such day.", next_step="choose another one.") from error
    return min(max(day, _FIRST), _LAST)


def _neighbours(anchor: date, view: str) -> tuple[date, date]:
    if view == "week":
        return anchor - timedelta(days=7), anchor + timedelta(days=7)
    first = anchor.replace(day=1)
    return (first - timedelta(days=1)).replace(day=1), (first + timedelta(days=31)).replace(day=1)


def _back(visit: Visit) -> str:
    back = visit.text("back")
    return back if back.startswith(visit.url("calendar")) else visit.url("calendar")
