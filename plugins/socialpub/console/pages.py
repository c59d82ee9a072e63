"""The LARP's Facebook Page: whether posts can go out through it, and what to do where they can't."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute
from socialpub.api.draft_schemas import PublishOrder
from socialpub.api.paths import LARP as API_LARP
from socialpub.api.roles import Permission
from socialpub.api.threads import in_thread
from socialpub.console.drawing import render
from socialpub.console.message import leave
from socialpub.console.visit import LARP, Visit, enter
from socialpub.errors import UnknownPageError
from socialpub.services.connection_status import ConnectionStatus, read_connection_status
from socialpub.services.pause import pause, resume

Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]
Manager = Annotated[Visit, Depends(enter(Permission.MANAGE_PAGES))]
PAGES = f"{LARP}/pages"
router = APIRouter(route_class=GuardedRoute)


@router.get(PAGES)
async def show(request: Request, visit: Reader) -> Response:
    """Token, pause, limit and key."""

    def draw() -> Response:
        page, resources = read_connection_status(visit.resources.engine, visit.larp.id), visit.resources
        keys = resources.service().cipher.key_ids if visit.manages_pages else ()
        connect = f"{resources.public_url()}{API_LARP.format(larp_id=visit.larp.id)}/connect"
        return render(request, "pages.html", page=page, keys=keys, connect=connect)

    return await in_thread(request, draw)


@router.get(f"{PAGES}/pause")
async def ask_pause(request: Request, visit: Manager) -> Response:
    """The step before."""
    lines = [
        "Nothing is published on it until somebody resumes it. A post whose request has left already still goes out."
    ]
    return await _ask(request, visit, "pause", "Pause {}?", lines, "Pause the Page", reason="Why?")


@router.post(f"{PAGES}/pause")
async def pause_page(request: Request, visit: Manager) -> Response:
    """Close the Page."""
    reason = PublishOrder.model_validate({"reason": visit.text("reason")}).reason

    def work() -> Response:
        page = _require_page(visit)
        words = pause(visit.resources.engine, page_id=page.page_id, reason=reason, actor=visit.principal.name)
        return leave(visit, visit.url("pages"), words, tone="warn")

    return await in_thread(request, work)


@router.get(f"{PAGES}/resume")
async def ask_resume(request: Request, visit: Manager) -> Response:
    """The step before."""
    lines = ["Posts that are due go out at the Page's pace, if their lateness rule allows; others are missed."]
    return await _ask(request, visit, "resume", "Resume {}?", lines, "Resume the Page")


@router.post(f"{PAGES}/resume")
async def resume_page(request: Request, visit: Manager) -> Response:
    """Open it again."""

    def work() -> Response:
        page = _require_page(visit)
        words = resume(visit.resources.engine, page_id=page.page_id, actor=visit.principal.name)
        return leave(visit, visit.url("pages"), words)

    return await in_thread(request, work)


@router.get(f"{PAGES}/disconnect")
async def ask_disconnect(request: Request, visit: Manager) -> Response:
    """The step before."""
    lines = [
        "Its token is taken back at Facebook and wiped here. Its posts wait for a reconnect.",
        "To renew a token, reconnect the Page instead: nothing waits then.",
    ]
    return await _ask(
        request, visit, "disconnect", "Disconnect {}?", lines, "Disconnect and forget the token", tone="danger"
    )


@router.post(f"{PAGES}/disconnect")
async def disconnect_page(request: Request, visit: Manager) -> Response:
    """Forget its token."""

    def work() -> Response:
        farewell = visit.resources.service().disconnect(visit.larp.id, actor=visit.principal.name)
        notes = " ".join(farewell.notes)
        words = f"{farewell.page} is disconnected, its token wiped. {farewell.waiting_posts} posts wait. {notes}"
        return leave(visit, visit.url("pages"), words, tone="warn")

    return await in_thread(request, work)


async def _ask(
    request: Request, visit: Visit, verb: str, question: str, lines: list[str], button: str,
    *, tone: str = "", reason: str | None = None,
) -> Response:  # fmt: skip
    page = await in_thread(request, _require_page, visit)
    return render(
        request, "confirm.html", question=question.format(f"\u2068{page.page_name}\u2069"), lines=lines, button=button,
        action=visit.url("pages", verb), back=visit.url("pages"), tone=tone, fields={}, reason=reason,
        reason_hint="It is shown to everybody whose post waits, and kept in the audit log.",
    )  # fmt: skip


def _require_page(visit: Visit) -> ConnectionStatus:
    """The LARP's own; a form never names one. Raises `UnknownPageError`."""
    page = read_connection_status(visit.resources.engine, visit.larp.id)
    if page is None:
        raise UnknownPageError("The LARP has no connected Page.", next_step="connect one on the screen “Page”.")
    return page
