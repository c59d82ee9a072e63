"""The LARP's Facebook Page: whether posts can go out through it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute
from socialpub.api.roles import Permission
from socialpub.api.threads import in_thread
from socialpub.console.drawing import render
from socialpub.console.visit import LARP, Visit, enter
from socialpub.services.connection_status import read_connection_status

Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]
router = APIRouter(route_class=GuardedRoute)


@router.get(f"{LARP}/pages")
async def show(request: Request, visit: Reader) -> Response:
    """Token, pause, limit and key."""
    page = await in_thread(request, read_connection_status, visit.resources.engine, visit.larp.id)
    return render(request, "pages.html", page=page)
