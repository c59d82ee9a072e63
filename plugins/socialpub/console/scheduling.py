"""When a draft goes out: wall time and zone, and the two choices where clocks change."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import ValidationError

from socialpub.api.auth import GuardedRoute
from socialpub.api.draft_schemas import ScheduleOrder
from socialpub.api.roles import Permission
from socialpub.api.threads import in_thread
from socialpub.console.drafts import DRAFT, quote
from socialpub.console.drawing import render, say_clock
from socialpub.console.message import leave
from socialpub.console.visit import Visit, enter
from socialpub.errors import IllegalMoveError, LocalTimeError
from socialpub.models.statuses import FINAL
from socialpub.services.drafts.local_time import read_zone
from socialpub.services.drafts.read import DraftDetails, Schedule, read_draft
from socialpub.services.drafts.schedule import schedule_draft

Scheduler = Annotated[Visit, Depends(enter(Permission.SCHEDULE_DRAFTS))]
router = APIRouter(route_class=GuardedRoute)


@router.get(f"{DRAFT}/schedule")
async def ask(request: Request, visit: Scheduler, draft_id: UUID) -> Response:
    """With the present time, where there is one."""

    def draw() -> Response:
        details = read_draft(visit.resources.engine, visit.larp.id, draft_id, visit.caller)
        present = find_living(details)
        at = f"{present.wall_time:%Y-%m-%dT%H:%M}" if present and present.wall_time else ""
        zone = present.time_zone if present and present.time_zone else visit.larp.time_zone
        return _draw(request, visit, details, at=at, zone=zone)

    return await in_thread(request, draw)


@router.post(f"{DRAFT}/schedule")
async def schedule(request: Request, visit: Scheduler, draft_id: UUID) -> Response:
    """A time that clocks show never, or twice, comes back with the choices."""
    at, offset = _read_choice(visit)
    zone = visit.text("time_zone").strip() or visit.larp.time_zone

    def work() -> Response:
        engine, larp_id = visit.resources.engine, visit.larp.id
        trouble: dict[str, Any]
        try:
            wanted = {"at": at, "time_zone": zone, "offset": offset, "delivery": visit.text("delivery") or None}
            order = ScheduleOrder.model_validate(wanted)
            done = schedule_draft(engine, larp_id, draft_id, order.read(), visit.caller, delivery=order.delivery)
        except LocalTimeError as error:
            trouble = {"error": f"{error.message} Next: {error.next_step}", "choices": error.choices}
        except IllegalMoveError as error:
            trouble = {"error": f"{error.message} Next: {error.next_step}"}
        except ValidationError:
            trouble = {"error": "This is no time. Next: give a day and a time, such as 2027-05-01 18:00."}
        else:
            words = f"{quote(done.draft.title)} goes out {_say_time(visit, done.schedules[0])}."
            return leave(visit, visit.url("drafts", draft_id), words)
        details = read_draft(engine, larp_id, draft_id, visit.caller)
        return _draw(request, visit, details, at=at, zone=zone, status=422, **trouble)

    return await in_thread(request, work)


def find_living(details: DraftDetails) -> Schedule | None:
    """The schedule that is not over."""
    return next((one for one in details.schedules if one.status not in FINAL), None)


def _read_choice(visit: Visit) -> tuple[str, str | None]:
    """The time, or what was chosen of those that were offered for it: another time, or one of two offsets."""
    choice, at = visit.text("choice"), visit.text("at").strip()
    if choice and at == visit.text("asked"):
        return (at, choice) if choice[0] in "+-" else (choice, None)
    return at, None


def _say_time(visit: Visit, schedule: Schedule) -> str:
    """In the zone in which it was planned, and where that is another one, as the LARP's clocks show it."""
    zone = schedule.time_zone or visit.larp.time_zone
    words = f"{say_clock(schedule.publish_at, read_zone(zone))} ({zone})"
    same = zone == visit.larp.time_zone
    return words if same else f"{words}, which is {say_clock(schedule.publish_at, visit.zone)} ({visit.larp.time_zone})"


def _draw(
    request: Request, visit: Visit, details: DraftDetails, *, at: str, zone: str, error: str = "",
    choices: tuple[str, ...] = (), status: int = 200,
) -> Response:  # fmt: skip
    return render(
        request, "schedule.html", status=status, details=details, draft=details.draft, present=find_living(details),
        at=at, zone=zone, error=error, choices=[(choice, _say_choice(choice, zone)) for choice in choices],
        zones=sorted(available_timezones()),
    )  # fmt: skip


def _say_choice(choice: str, zone: str) -> str:
    if choice[0] in "+-":
        return f"the one at UTC{choice}"
    return f"{datetime.fromisoformat(choice):%a %-d %b %Y, %H:%M}, as clocks in {zone} show it"
