"""The LARP's drafts in a list, by filters and cursor."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute
from socialpub.api.roles import Permission
from socialpub.api.threads import in_thread
from socialpub.console.drawing import render
from socialpub.console.visit import LARP, Visit, enter
from socialpub.models import DraftStatus
from socialpub.services.drafts.lists import DraftFilter, list_drafts

Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]
DRAFTS = f"{LARP}/drafts"
_AT_ONCE = 30
router = APIRouter(route_class=GuardedRoute)


@router.get(DRAFTS)
async def show_list(
    request: Request,
    visit: Reader,
    status: Annotated[DraftStatus | None, Query()] = None,
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Newest first."""
    wanted = DraftFilter(statuses=(status,) if status else None)
    found = await in_thread(
        request, list_drafts, visit.resources.engine, visit.larp.id, visit.caller,
        wanted=wanted, cursor=cursor or None, limit=_AT_ONCE,
    )  # fmt: skip
    kept = {"status": str(status)} if status else {}
    return render(
        request, "drafts.html", lines=found.lines, chosen=status or "", statuses=list(DraftStatus),
        first=_address(visit, kept) if cursor else "",
        next=_address(visit, kept | {"cursor": found.next_cursor}) if found.next_cursor else "",
    )  # fmt: skip


def _address(visit: Visit, query: dict[str, str]) -> str:
    return f"{visit.url('drafts')}?{urlencode(query)}"
