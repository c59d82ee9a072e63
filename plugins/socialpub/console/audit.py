"""Who did what."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute
from socialpub.api.problem import Problem
from socialpub.api.roles import ALL_LARPS, Permission
from socialpub.api.threads import in_thread
from socialpub.console.chain import read_witness
from socialpub.console.drawing import render
from socialpub.console.queue import Day
from socialpub.console.visit import LARP, Visit, enter
from socialpub.services.audit.lists import (
    AuditFilter,
    AuditPage,
    SealState,
    describe_changes,
    list_entries,
    read_seal_state,
)
from socialpub.services.digest.days import day_bounds

Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]
Words = Annotated[str, Query(max_length=120)]
router = APIRouter(route_class=GuardedRoute)


@router.get(f"{LARP}/audit")
async def show(
    request: Request,
    visit: Reader,
    actor: Words = "",
    action: Words = "",
    about: Words = "",
    since: Day = "",
    until: Day = "",
    cursor: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The newest first, with what each change changed."""
    wanted = AuditFilter(
        actor.strip(), action.strip(), _read_id(about), _begin(visit, since, 0), _begin(visit, until, 1)
    )  # fmt: skip

    def read() -> tuple[AuditPage, SealState]:
        engine = visit.resources.engine
        is_everywhere = bool(visit.principal.roles.get(ALL_LARPS))
        found = list_entries(engine, visit.larp.id, wanted, is_everywhere=is_everywhere, cursor=cursor)
        return found, read_seal_state(engine)

    found, seal = await in_thread(request, read)
    chosen = {"actor": actor, "action": action, "about": about, "since": since, "until": until}
    kept = {name: value for name, value in chosen.items() if value}
    more = urlencode(kept | {"cursor": found.next_cursor}) if found.next_cursor else ""
    return render(
        request, "audit.html", found=found, seal=seal, chosen=chosen, changes=describe_changes,
        first=f"{visit.url('audit')}?{urlencode(kept)}" if cursor else "",
        next=f"{visit.url('audit')}?{more}" if more else "", remembered=read_witness(request, visit),
    )  # fmt: skip


def _begin(visit: Visit, text: str, later: int) -> datetime | None:
    return day_bounds(date.fromisoformat(text) + timedelta(days=later), visit.zone)[0] if text else None


def _read_id(text: str) -> UUID | None:
    """Raises 422 for words that are no id."""
    if not text.strip():
        return None
    try:
        return UUID(text.strip())
    except ValueError as error:
        raise Problem(
            422, "invalid_id", "That is no id.", next_step="copy the id of a draft, post or connection."
        ) from error
