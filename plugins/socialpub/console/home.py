"""The door: which LARP, which screen, light or dark."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response

from socialpub.api.auth import GuardedRoute, Principal, require_somebody
from socialpub.api.problem import Problem
from socialpub.api.resources import TheResources
from socialpub.api.threads import in_thread
from socialpub.console.theme import THEMES, remember_theme
from socialpub.console.visit import list_larps_of, read_form, root_of

Somebody = Annotated[Principal, Depends(require_somebody)]
router = APIRouter(route_class=GuardedRoute)


@router.get("/")
async def begin(request: Request, user: Somebody, resources: TheResources) -> Response:
    """Lead to the first screen of the person's first LARP."""
    larps = await in_thread(request, list_larps_of, resources, user)
    if not larps:
        raise Problem(
            403, "no_larp", f"{user.name} has no role in any LARP.",
            next_step="ask an admin for a role (SOCIALPUB_AIRFLOW_ROLES), or add the first LARP.",
        )  # fmt: skip
    first = request.app.state.navigation[0]
    return RedirectResponse(f"{root_of(request)}/larp/{larps[0].id}/{first.name}", 303)


@router.get("/switch")
async def switch(
    request: Request, user: Somebody, larp: UUID, screen: Annotated[str, Query(pattern="^[a-z]{0,20}$")] = ""
) -> Response:
    """To the same screen of another LARP; whether the person may is asked there."""
    known = [one.name for one in request.app.state.navigation]
    return RedirectResponse(f"{root_of(request)}/larp/{larp}/{screen if screen in known else known[0]}", 303)


@router.post("/theme")
async def choose_theme(request: Request, user: Somebody, resources: TheResources) -> Response:
    """Remember the theme, and go back."""
    form = await read_form(request, user, resources)
    theme, back, root = str(form.get("theme", "")), str(form.get("back", "")), root_of(request)
    if theme not in THEMES:
        raise Problem(422, "unknown_theme", "There is no such theme.", next_step=f"choose one of {', '.join(THEMES)}.")
    answer = RedirectResponse(back if back.startswith(f"{root}/") else f"{root}/", 303)
    remember_theme(answer, theme, path=root or "/")
    return answer
