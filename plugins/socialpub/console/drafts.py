"""The LARP's drafts: in a list by filters and cursor, and one by one with all that belongs to it."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute
from socialpub.api.draft_moves import PUBLISHABLE
from socialpub.api.roles import Permission
from socialpub.api.threads import in_patient_thread, in_thread
from socialpub.console.drawing import render
from socialpub.console.preview import draw_preview
from socialpub.console.visit import LARP, Visit, enter
from socialpub.console.written import Written
from socialpub.graph.redaction import clean_text
from socialpub.models import DraftStatus
from socialpub.models.statuses import DRAFT_MOVES
from socialpub.services.connection_status import read_connection_status
from socialpub.services.drafts.findings import DraftFinding
from socialpub.services.drafts.lists import DraftFilter, list_drafts
from socialpub.services.drafts.read import DraftDetails, list_attempts, read_draft

Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]
DRAFTS = f"{LARP}/drafts"
DRAFT = f"{DRAFTS}/{{draft_id}}"
_AT_ONCE = 30
router = APIRouter(route_class=GuardedRoute)


@router.get(DRAFTS)
async def show_list(
    request: Request,
    visit: Reader,
    status: Annotated[str, Query(pattern=f"^({'|'.join(DraftStatus)})?$")] = "",
    cursor: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Newest first."""
    wanted = DraftFilter(statuses=(status,) if status else None)
    found = await in_thread(
        request, list_drafts, visit.resources.engine, visit.larp.id, visit.caller,
        wanted=wanted, cursor=cursor or None, limit=_AT_ONCE,
    )  # fmt: skip
    kept = {"status": status} if status else {}
    return render(
        request, "drafts.html", lines=found.lines, chosen=status, statuses=list(DraftStatus),
        first=_address(visit, kept) if cursor else "",
        next=_address(visit, kept | {"cursor": found.next_cursor}) if found.next_cursor else "",
    )  # fmt: skip


@router.get(f"{DRAFTS}/{{draft_id:uuid}}")
async def show(request: Request, visit: Reader, draft_id: UUID) -> Response:
    """Content, decisions, schedule and tries, with what the person may do next."""

    def draw() -> Response:
        return draw_draft(request, visit, read_draft(visit.resources.engine, visit.larp.id, draft_id, visit.caller))

    return await in_thread(request, draw)


@router.get(f"{DRAFT}/findings")
async def show_findings(request: Request, visit: Reader, draft_id: UUID) -> Response:
    """What can be known of the draft now: of its text, link, files and Page. May take some seconds."""
    check = visit.resources.approvals().check
    found = await in_patient_thread(request, check, visit.larp.id, draft_id, visit.caller)
    return render(request, "findings.html", findings=found, draft_id=draft_id)


def draw_draft(
    request: Request, visit: Visit, details: DraftDetails, *, findings: tuple[DraftFinding, ...] = (), status: int = 200
) -> Response:
    """With `findings` of a submit that was refused."""
    engine, draft = visit.resources.engine, details.draft
    page = read_connection_status(engine, visit.larp.id)
    return render(
        request, "draft.html", status=status, details=details, draft=draft, findings=findings,
        actions=_offer(visit, details),
        preview=draw_preview(Written.of(details.draft, details.assets), page.page_name if page else visit.larp.title),
        attempts=list_attempts(engine, visit.larp.id, draft.id, visit.caller) if details.schedules else [],
    )  # fmt: skip


def _offer(visit: Visit, details: DraftDetails) -> set[str]:
    """What to show a button for; whoever presses it is asked again, by the rules that the API has."""
    draft = details.draft
    status, may = DraftStatus(draft.status), visit.may
    after = DRAFT_MOVES[status]
    offers = {
        "edit": may(Permission.WRITE_DRAFTS) and DraftStatus.CANCELED in after,
        "submit": status == DraftStatus.DRAFT and visit.principal.may_submit(draft.created_by, visit.larp.id),
        "decide": status == DraftStatus.PENDING_APPROVAL and may(Permission.DECIDE_ON_DRAFTS),
        "schedule": may(Permission.SCHEDULE_DRAFTS) and (DraftStatus.SCHEDULED in after or status == "scheduled"),
        "unschedule": status == DraftStatus.SCHEDULED and may(Permission.SCHEDULE_DRAFTS),
        "publish": status in PUBLISHABLE and may(Permission.PUBLISH_NOW),
        "cancel": DraftStatus.CANCELED in after and may(Permission.CANCEL_DRAFTS),
    }
    return {name for name, is_offered in offers.items() if is_offered}


def quote(title: str) -> str:
    """“Title”, without the marks that would turn the direction of the sentence around it."""
    title = clean_text(title)
    return f"“\u2068{title if len(title) <= 60 else title[:59] + '…'}\u2069”"


def _address(visit: Visit, query: dict[str, str]) -> str:
    return f"{visit.url('drafts')}?{urlencode(query)}"
