"""How publishing stands, and what waits for a person."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute
from socialpub.api.roles import Permission
from socialpub.api.threads import in_thread
from socialpub.console.drawing import render
from socialpub.console.visit import LARP, Visit, enter
from socialpub.services.now import Health, read_now

Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]
router = APIRouter(route_class=GuardedRoute)


@router.get(f"{LARP}/now")
async def show(request: Request, visit: Reader) -> Response:
    """Everything of one moment; the page renews what it says of it."""
    now = await in_thread(request, read_now, visit.resources.engine, visit.larp.id, visit.larp.time_zone)
    return render(request, "now.html", now=now, verdict=_judge(now.health))


def _judge(health: Health) -> tuple[str, str]:
    """A state and a sentence."""
    if any(alert.is_critical for alert in health.alerts):
        return "problem", "Posts are late, or will be, until somebody steps in."
    if health.alerts:
        return "warning", "Publishing works. Something should be looked at soon."
    return "ok", "Publishing works."
