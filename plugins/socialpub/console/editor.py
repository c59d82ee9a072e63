"""Writing a draft: a form with a preview beside it. What is wrong with it costs nobody a word."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from pydantic import ValidationError

from socialpub.api.auth import GuardedRoute
from socialpub.api.drafts import read_content
from socialpub.api.problem import Problem
from socialpub.api.roles import Permission
from socialpub.api.threads import in_thread
from socialpub.console.difference import compare
from socialpub.console.drafts import DRAFTS, quote
from socialpub.console.drawing import render
from socialpub.console.files import most_form_bytes, take_files
from socialpub.console.message import leave
from socialpub.console.preview import draw_preview
from socialpub.console.visit import Visit, enter
from socialpub.console.written import Written, explain, read_written, to_order
from socialpub.errors import SocialpubError, StaleDraftError
from socialpub.services.connection_status import read_connection_status
from socialpub.services.drafts.read import DraftDetails, read_draft
from socialpub.services.drafts.write import create_draft, update_draft

Writer = Annotated[Visit, Depends(enter(Permission.WRITE_DRAFTS, form_bytes=most_form_bytes))]
router = APIRouter(route_class=GuardedRoute)


@router.get(f"{DRAFTS}/new")
async def begin(request: Request, visit: Writer) -> Response:
    """An empty sheet."""
    return await in_thread(request, _draw, request, visit, Written(), None)


@router.post(f"{DRAFTS}/new")
async def create(request: Request, visit: Writer) -> Response:
    """Save it as a draft, or only look at it, or take files in."""
    return await in_thread(request, _take_form, request, visit, None)


@router.post(f"{DRAFTS}/preview")
async def preview(request: Request, visit: Writer) -> Response:
    """How what is in the form will look; nothing is stored."""

    def draw() -> Response:
        return render(request, "preview_part.html", preview=draw_preview(read_written(visit), _page_name(visit)))

    return await in_thread(request, draw)


@router.get(f"{DRAFTS}/{{draft_id}}/edit")
async def edit(request: Request, visit: Writer, draft_id: UUID) -> Response:
    """The draft as it stands."""

    def draw() -> Response:
        details = read_draft(visit.resources.engine, visit.larp.id, draft_id, visit.caller)
        return _draw(request, visit, Written.of(details.draft, details.assets), details)

    return await in_thread(request, draw)


@router.post(f"{DRAFTS}/{{draft_id}}/edit")
async def update(request: Request, visit: Writer, draft_id: UUID) -> Response:
    """As `create`, for a draft that is there."""

    def work() -> Response:
        return _take_form(request, visit, read_draft(visit.resources.engine, visit.larp.id, draft_id, visit.caller))

    return await in_thread(request, work)


def _take_form(request: Request, visit: Visit, present: DraftDetails | None) -> Response:
    written = read_written(visit)
    try:
        written = read_written(visit, take_files(visit))
        if visit.text("do") != "save":
            return _draw(request, visit, written, present)
        saved = _save(visit, written, present)
    except ValidationError as error:
        return _draw(request, visit, replace(written, errors=explain(error)), present, status=422)
    except StaleDraftError as error:
        return _draw_conflict(request, visit, written, error)
    except (SocialpubError, Problem) as error:
        words = error.message if isinstance(error, SocialpubError) else str(error.detail)
        written = replace(written, errors={"": f"{words} Next: {error.next_step}"})
        return _draw(request, visit, written, present, status=409)
    return leave(visit, visit.url("drafts", saved.draft.id), f"Saved: {quote(saved.draft.title)}.")


def _save(visit: Visit, written: Written, present: DraftDetails | None) -> DraftDetails:
    engine, larp_id = visit.resources.engine, visit.larp.id
    content = read_content(
        visit.resources, larp_id, to_order(written), visit.principal, present.assets if present else ()
    )
    if present is None:
        return create_draft(engine, larp_id, content, visit.caller)
    return update_draft(engine, larp_id, present.draft.id, content, visit.caller, expected_version=written.version)


def _draw_conflict(request: Request, visit: Visit, written: Written, error: StaleDraftError) -> Response:
    """The editor's own words stay in the form; what somebody else wrote meanwhile is shown against them."""
    draft_id = UUID(request.path_params["draft_id"])
    theirs = read_draft(visit.resources.engine, visit.larp.id, draft_id, visit.caller)
    words = f"{error.message} Your text is below, not saved. Saving again puts it in place of theirs."
    written = replace(written, version=theirs.version, errors={"": words})
    return _draw(request, visit, written, theirs, status=412, theirs=compare(theirs.draft.body, written.body))


def _draw(
    request: Request, visit: Visit, written: Written, present: DraftDetails | None, *, status: int = 200,
    theirs: object = None,
) -> Response:  # fmt: skip
    return render(
        request, "editor.html", status=status, written=written, draft=present.draft if present else None,
        theirs=theirs, preview=draw_preview(written, _page_name(visit)),
    )  # fmt: skip


def _page_name(visit: Visit) -> str:
    page = read_connection_status(visit.resources.engine, visit.larp.id)
    return page.page_name if page else visit.larp.title
