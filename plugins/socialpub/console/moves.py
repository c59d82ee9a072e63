"""What becomes of a draft: submitted, decided on, taken out of the schedule, published now, given up."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute
from socialpub.api.draft_moves import publish_at_once, submit_own
from socialpub.api.draft_orders import DecisionOrder, PublishOrder, ReasonOrder
from socialpub.api.roles import Permission
from socialpub.api.threads import in_patient_thread, in_thread
from socialpub.console.difference import Piece, compare
from socialpub.console.drafts import DRAFT, draw_draft, quote
from socialpub.console.drawing import render
from socialpub.console.message import leave
from socialpub.console.preview import draw_preview
from socialpub.console.visit import Visit, enter
from socialpub.console.written import Written
from socialpub.services.connection_status import read_connection_status
from socialpub.services.drafts.approved import ApprovedVersion, read_approved_version
from socialpub.services.drafts.read import DraftDetails, read_draft
from socialpub.services.drafts.schedule import unschedule_draft
from socialpub.services.drafts.write import cancel_draft

Submitter = Annotated[Visit, Depends(enter(Permission.SUBMIT_OWN_DRAFTS))]
Approver = Annotated[Visit, Depends(enter(Permission.DECIDE_ON_DRAFTS))]
Scheduler = Annotated[Visit, Depends(enter(Permission.SCHEDULE_DRAFTS))]
Publisher = Annotated[Visit, Depends(enter(Permission.PUBLISH_NOW))]
Canceler = Annotated[Visit, Depends(enter(Permission.CANCEL_DRAFTS))]
router = APIRouter(route_class=GuardedRoute)


@router.post(f"{DRAFT}/submit")
async def submit(request: Request, visit: Submitter, draft_id: UUID) -> Response:
    """Ask for approval. With an error among the findings the draft stays, and they are shown."""

    def work() -> Response:
        version = int(visit.text("version")) if visit.text("version").isdecimal() else None
        done = submit_own(visit.resources, visit.principal, visit.larp.id, draft_id, visit.caller, version=version)
        if not done.is_submitted:
            return draw_draft(request, visit, done.details, findings=done.findings, status=409)
        notes = " ".join(f"Note: {finding.words}" for finding in done.findings)
        words = f"{quote(done.details.draft.title)} waits for approval. {notes}"
        return leave(visit, visit.url("drafts", draft_id), words, tone="warn" if notes else "good")

    return await in_patient_thread(request, work)


@router.get(f"{DRAFT}/decide")
async def show_decision(request: Request, visit: Approver, draft_id: UUID) -> Response:
    """What is to be decided on, and what of it nobody has approved before."""

    def draw() -> Response:
        engine, larp_id = visit.resources.engine, visit.larp.id
        details = read_draft(engine, larp_id, draft_id, visit.caller)
        before = read_approved_version(engine, larp_id, draft_id, visit.caller)
        page = read_connection_status(engine, larp_id)
        preview = draw_preview(Written.of(details.draft, details.assets), page.page_name if page else visit.larp.title)
        changes = _list_changes(before, details) if before else []
        return render(
            request, "decide.html", details=details, draft=details.draft, before=before, changes=changes,
            preview=preview,
        )  # fmt: skip

    return await in_thread(request, draw)


@router.post(f"{DRAFT}/decide")
async def decide(request: Request, visit: Approver, draft_id: UUID) -> Response:
    """Approve or reject exactly what was shown."""
    order = DecisionOrder.model_validate({name: visit.text(name) for name in ("decision", "content_hash", "comment")})

    def work() -> Response:
        service, larp_id, shown = visit.resources.approvals(), visit.larp.id, order.content_hash
        if order.decision == "rejected":
            done = service.reject(larp_id, draft_id, visit.caller, content_hash=shown, comment=order.comment)
            words = "is back with its author, who reads your reason."
        else:
            done = service.approve(larp_id, draft_id, visit.caller, content_hash=shown, comment=order.comment or None)
            missing = done.missing_approvals
            words = f"has your approval; {missing} more to come." if missing else "is approved. Next: schedule it."
        return leave(visit, visit.url("drafts", draft_id), f"{quote(done.draft.title)} {words}")

    return await in_thread(request, work)


@router.get(f"{DRAFT}/unschedule")
async def ask_unschedule(request: Request, visit: Scheduler, draft_id: UUID) -> Response:
    """The step before."""
    lines = ["It is not published at its time. It stays approved, and can be scheduled again as it is."]
    return await _ask(request, visit, draft_id, "unschedule", "Take {} out of the schedule?", lines, "Take it out")


@router.post(f"{DRAFT}/unschedule")
async def unschedule(request: Request, visit: Scheduler, draft_id: UUID) -> Response:
    """It stays approved."""
    reason = ReasonOrder.model_validate({"reason": visit.text("reason")}).reason
    done = await in_thread(
        request, unschedule_draft, visit.resources.engine, visit.larp.id, draft_id, visit.caller, reason=reason
    )
    words = f"{quote(done.draft.title)} is out of the schedule, and stays approved."
    return await in_thread(request, leave, visit, visit.url("drafts", draft_id), words)


@router.get(f"{DRAFT}/publish")
async def ask_publish(request: Request, visit: Publisher, draft_id: UUID) -> Response:
    """The step before."""
    lines = [
        "Everybody who follows the Page can see it within seconds. A post that is out can't be taken back here.",
        "It goes out once: a schedule that it has is used up by it.",
    ]
    return await _ask(
        request, visit, draft_id, "publish", "Publish {} now?", lines, "Publish now", is_reason_needed=True
    )


@router.post(f"{DRAFT}/publish")
async def publish(request: Request, visit: Publisher, draft_id: UUID) -> Response:
    """Start the run that does it."""
    reason = PublishOrder.model_validate({"reason": visit.text("reason")}).reason

    def work() -> Response:
        run = publish_at_once(visit.resources, visit.larp.id, draft_id, visit.caller, reason)
        words = (
            f"It is on its way, by run {run.run_id}. Open this page again in a few seconds to see what became of it."
        )
        return leave(visit, visit.url("drafts", draft_id), words)

    return await in_thread(request, work)


@router.get(f"{DRAFT}/cancel")
async def ask_cancel(request: Request, visit: Canceler, draft_id: UUID) -> Response:
    """The step before."""
    lines = ["It is given up for good, with its schedule. Nobody can edit, approve or publish it afterwards."]
    return await _ask(request, visit, draft_id, "cancel", "Cancel {}?", lines, "Cancel the draft", tone="danger")


@router.post(f"{DRAFT}/cancel")
async def cancel(request: Request, visit: Canceler, draft_id: UUID) -> Response:
    """For good."""
    done = await in_thread(request, cancel_draft, visit.resources.engine, visit.larp.id, draft_id, visit.caller)
    words = f"{quote(done.draft.title)} is canceled."
    return await in_thread(request, leave, visit, visit.url("drafts", draft_id), words)


async def _ask(
    request: Request, visit: Visit, draft_id: UUID, verb: str, question: str, lines: list[str], button: str,
    *, tone: str = "", is_reason_needed: bool = False,
) -> Response:  # fmt: skip
    details = await in_thread(request, read_draft, visit.resources.engine, visit.larp.id, draft_id, visit.caller)
    back = visit.url("drafts", draft_id)
    return render(
        request, "confirm.html", question=question.format(quote(details.draft.title)), lines=lines, button=button,
        action=f"{back}/{verb}", back=back, tone=tone, fields={},
        reason="Why can't it wait?" if is_reason_needed else None, reason_hint="It is kept in the audit log.",
    )  # fmt: skip


def _list_changes(before: ApprovedVersion, details: DraftDetails) -> list[tuple[str, list[Piece]]]:
    """By field, those that differ; a field that stayed is none."""
    draft = details.draft
    fields = (
        ("Title", before.title, draft.title),
        ("Text", before.body, draft.body),
        ("Link", before.link or "", draft.link or ""),
        ("First comment", before.first_comment or "", draft.first_comment or ""),
    )
    changes = [(name, compare(old, new)) for name, old, new in fields if old != new]
    then = [_say_asset(one.type, one.storage_path, one.words) for one in before.assets]
    now = [_say_asset(one.type, one.storage_path, one.alt_text or one.title or "") for one in details.assets]
    if then != now:
        changes.append(("Photos and videos", compare("\n".join(then), "\n".join(now))))
    return changes


def _say_asset(kind: str, storage_path: str, words: str) -> str:
    """The beginning of the file's name tells one file from another."""
    return f"{kind.capitalize()} {PurePosixPath(storage_path).stem[:8]}: {words or 'no description'}"
