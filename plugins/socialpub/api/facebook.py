"""Connecting a LARP's Page: the link, Facebook's way back, the choice, the status, and the end."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from socialpub.api.auth import GuardedRoute, Permission, Principal, require
from socialpub.api.html import render
from socialpub.api.middleware import CALLBACK, QUERY
from socialpub.api.paths import LARP, larp_root
from socialpub.api.resources import Resources, TheResources
from socialpub.api.schemas import ConnectionAnswer
from socialpub.api.threads import in_thread
from socialpub.services.connection_status import read_connection_status

_FORM_LIFETIME = timedelta(hours=1)
_LONGEST_FORM = 10_000  # bytes
_OVER = "This form is over or not ours. Next: open the page again and repeat it there."

Manager = Annotated[Principal, Depends(require(Permission.MANAGE_PAGES))]
Viewer = Annotated[Principal, Depends(require(Permission.SEE_PAGES))]
router = APIRouter(route_class=GuardedRoute, tags=["Facebook Page"], include_in_schema=False)


@router.get(f"{LARP}/connect", status_code=303, response_class=RedirectResponse)
async def connect(
    request: Request, larp_id: UUID, user: Manager, resources: TheResources, rerequest: bool = False
) -> Response:
    """Send the browser to Facebook's login dialog. Nothing is connected before the person chose a Page."""

    def start() -> str:
        # One address for all LARPs, because each has to be registered with Facebook; the state knows the LARP.
        redirect_uri = f"{resources.public_url()}/backoffice{CALLBACK}"
        return resources.service().start(larp_id, user=user.name, redirect_uri=redirect_uri, is_rerequest=rerequest)

    return RedirectResponse(await in_thread(request, start), 303)


@router.get(f"/backoffice{CALLBACK}", response_class=HTMLResponse)
@router.get(f"/backoffice/larp/{{larp_id}}{CALLBACK}", response_class=HTMLResponse)
async def callback(request: Request, user: Manager, resources: TheResources, larp_id: UUID | None = None) -> Response:
    """Facebook's way back: show the Pages to choose from."""
    query = dict(parse_qsl(request.scope[QUERY].decode("ascii", "replace")))

    def take_answer() -> Response:
        offer = resources.service().take_answer(query, user=user.name, larp_id=larp_id)
        seal = _seal(resources, user, offer.larp_id, form="choose", request=str(offer.request_id))
        return render("choose.html", offer=offer, seal=seal, root=larp_root(request, offer.larp_id))

    return await in_thread(request, take_answer)


@router.post(f"{LARP}/choose", status_code=303, response_class=RedirectResponse)
async def choose(request: Request, larp_id: UUID, user: Manager, resources: TheResources) -> Response:
    """Connect the Page that was chosen on our own page."""
    form = await _read_form(request)

    def store() -> None:
        note = _open_seal(resources, user, form, larp_id, name="choose")
        resources.service().choose(UUID(note["request"]), form.get("page_id", ""), user=user.name)

    await in_thread(request, store)
    return RedirectResponse(larp_root(request, larp_id), 303)


@router.get(LARP, response_class=HTMLResponse)
async def show(request: Request, larp_id: UUID, user: Manager, resources: TheResources) -> Response:
    """The LARP's Page as people see it, with the ways to connect it anew and to end it."""

    def draw() -> Response:
        page = read_connection_status(resources.engine, larp_id)
        seal = _seal(resources, user, larp_id, form="disconnect")
        root, console = (
            larp_root(request, larp_id),
            f"{request.scope.get('root_path', '')}/console/larp/{larp_id}/pages",
        )
        return render("connection.html", page=page, seal=seal, root=root, console=console)

    return await in_thread(request, draw)


@router.get(f"{LARP}/status")
async def show_status(request: Request, larp_id: UUID, user: Viewer, resources: TheResources) -> ConnectionAnswer:
    """The same for programs."""
    page = await in_thread(request, read_connection_status, resources.engine, larp_id)
    return ConnectionAnswer.of(page)


@router.post(f"{LARP}/disconnect", response_class=HTMLResponse)
async def disconnect(request: Request, larp_id: UUID, user: Manager, resources: TheResources) -> Response:
    """Revoke and wipe the Page's token."""
    form = await _read_form(request)

    def end() -> Response:
        _open_seal(resources, user, form, larp_id, name="disconnect")
        farewell = resources.service().disconnect(larp_id, actor=user.name)
        lines = [f"Its token is wiped. {farewell.waiting_posts} posts wait for a reconnect.", *farewell.notes]
        links = [{"href": f"{larp_root(request, larp_id)}/connect", "words": "Connect a Page"}]
        return render("message.html", title=f"{farewell.page} is disconnected", lines=lines, links=links)

    return await in_thread(request, end)


async def _read_form(request: Request) -> dict[str, str]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST_FORM:
            raise HTTPException(413, "The form is too long.")
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _seal(resources: Resources, user: Principal, larp_id: UUID, **note: str) -> str:
    """Proves that a form comes from our page, for this person, LARP and purpose: no other site can make one."""
    return resources.form_sealer().seal({"user": user.name, "larp": str(larp_id), **note}).reveal()


def _open_seal(
    resources: Resources, user: Principal, form: dict[str, str], larp_id: UUID, *, name: str
) -> dict[str, str]:
    note = resources.form_sealer().open(form.get("seal", ""), within=_FORM_LIFETIME) or {}
    if (note.get("user"), note.get("larp"), note.get("form")) != (user.name, str(larp_id), name):
        raise HTTPException(403, _OVER)
    return note
