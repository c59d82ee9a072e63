"""What becomes of a draft: submitted, decided on, scheduled, taken out of the schedule, published now."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute, Permission, Principal, require
from socialpub.api.draft_answers import DraftAnswer, RunAnswer, SubmissionAnswer, describe_findings
from socialpub.api.draft_calls import DRAFT, IfMatch, answer, answer_draft, make_caller, read_version
from socialpub.api.draft_orders import DecisionOrder, PublishOrder, ReasonOrder, ScheduleOrder, SubmitOrder
from socialpub.api.once import IdempotencyKey, answer_once
from socialpub.api.problem import Problem, documented
from socialpub.api.resources import Resources, TheResources
from socialpub.hooks.airflow_runs import StartedRun
from socialpub.models import DraftStatus
from socialpub.services.draft_approval import Submission
from socialpub.services.drafts.desk import Caller
from socialpub.services.drafts.read import read_draft
from socialpub.services.drafts.schedule import When, schedule_draft, unschedule_draft

Submitter = Annotated[Principal, Depends(require(Permission.SUBMIT_OWN_DRAFTS))]
Approver = Annotated[Principal, Depends(require(Permission.DECIDE_ON_DRAFTS))]
Scheduler = Annotated[Principal, Depends(require(Permission.SCHEDULE_DRAFTS))]
Publisher = Annotated[Principal, Depends(require(Permission.PUBLISH_NOW))]
PUBLISHABLE = (DraftStatus.APPROVED, DraftStatus.SCHEDULED, DraftStatus.FAILED)
router = APIRouter(route_class=GuardedRoute, tags=["Drafts"])


@router.post(f"{DRAFT}/submit", response_model=SubmissionAnswer, responses=documented(409, 412, 415))
async def submit(
    request: Request,
    larp_id: UUID,
    draft_id: UUID,
    user: Submitter,
    resources: TheResources,
    order: SubmitOrder | None = None,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Ask for approval; for the draft's owner. What can be known is checked first: an error keeps it back."""
    version, caller = read_version(if_match), make_caller(request, user.name)
    planned = order.planned.read() if order and order.planned else None

    def work() -> Response:
        return _answer_submission(submit_own(resources, user, larp_id, draft_id, caller, when=planned, version=version))

    return await answer_once(request, user, resources, idempotency_key, work)


def submit_own(
    resources: Resources,
    user: Principal,
    larp_id: UUID,
    draft_id: UUID,
    caller: Caller,
    *,
    when: When | None = None,
    version: int | None = None,
) -> Submission:
    """Submit a draft of the person's own; an Admin submits anybody's. Raises 403 and what the service raises."""
    draft = read_draft(resources.engine, larp_id, draft_id, caller).draft
    if not user.may_submit(draft.created_by, larp_id):
        raise Problem(
            403, "not_the_owner", f"The draft is {draft.created_by}'s.",
            next_step="have its author submit it, or an Admin.",
        )  # fmt: skip
    return resources.approvals().submit(larp_id, draft_id, caller, when=when, expected_version=version)


@router.post(f"{DRAFT}/approve", response_model=DraftAnswer, responses=documented(409, 412, 415))
async def decide(
    request: Request,
    larp_id: UUID,
    draft_id: UUID,
    order: DecisionOrder,
    user: Approver,
    resources: TheResources,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Approve or reject what you were shown. Nobody approves what they wrote or edited; a rejection needs a comment."""
    caller = make_caller(request, user.name)

    def work() -> Response:
        service, content_hash = resources.approvals(), order.content_hash
        if order.decision == "rejected":
            return answer_draft(
                service.reject(larp_id, draft_id, caller, content_hash=content_hash, comment=order.comment)
            )
        comment = order.comment or None
        return answer_draft(service.approve(larp_id, draft_id, caller, content_hash=content_hash, comment=comment))

    return await answer_once(request, user, resources, idempotency_key, work)


@router.post(f"{DRAFT}/schedule", response_model=DraftAnswer, responses=documented(409, 412, 415))
async def schedule(
    request: Request,
    larp_id: UUID,
    draft_id: UUID,
    order: ScheduleOrder,
    user: Scheduler,
    resources: TheResources,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Plan an approved draft, or move a scheduled one."""
    version, caller, when = read_version(if_match), make_caller(request, user.name), order.read()

    def work() -> Response:
        return answer_draft(
            schedule_draft(
                resources.engine, larp_id, draft_id, when, caller, expected_version=version, delivery=order.delivery
            )
        )

    return await answer_once(request, user, resources, idempotency_key, work)


@router.post(f"{DRAFT}/unschedule", response_model=DraftAnswer, responses=documented(409, 412, 415))
async def unschedule(
    request: Request,
    larp_id: UUID,
    draft_id: UUID,
    user: Scheduler,
    resources: TheResources,
    order: ReasonOrder | None = None,
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Take a draft out of its schedule; it stays approved."""
    version, caller, reason = read_version(if_match), make_caller(request, user.name), order.reason if order else ""

    def work() -> Response:
        return answer_draft(
            unschedule_draft(resources.engine, larp_id, draft_id, caller, reason=reason, expected_version=version)
        )

    return await answer_once(request, user, resources, idempotency_key, work)


@router.post(f"{DRAFT}/publish", status_code=202, response_model=RunAnswer, responses=documented(409, 415))
async def publish(
    request: Request,
    larp_id: UUID,
    draft_id: UUID,
    order: PublishOrder,
    user: Publisher,
    resources: TheResources,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Publish an approved draft at once. The answer names the run that does it, and that says what became of it."""
    caller = make_caller(request, user.name)

    def work() -> Response:
        run = publish_at_once(resources, larp_id, draft_id, caller, order.reason)
        return answer(RunAnswer(run_id=run.run_id, run_url=run.run_url), 202, {"location": run.run_url})

    return await answer_once(request, user, resources, idempotency_key, work)


def publish_at_once(resources: Resources, larp_id: UUID, draft_id: UUID, caller: Caller, reason: str) -> StartedRun:
    """Start the run that publishes the draft. Raises 409 for one that can't be, and `UnknownDraftError`."""
    draft = read_draft(resources.engine, larp_id, draft_id, caller).draft
    if draft.status not in PUBLISHABLE:
        raise Problem(
            409, "post_not_ready", f"The draft is “{draft.status}”: it can't be published.",
            next_step="let it be approved first; one that is out or canceled stays so.",
        )  # fmt: skip
    return resources.start_publish(draft_id, reason, caller.actor)


def _answer_submission(submission: Submission) -> Response:
    findings = describe_findings(submission.findings)
    if submission.is_submitted:
        details = submission.details
        said = SubmissionAnswer(draft=DraftAnswer.of(details), findings=findings)
        return answer(said, 200, {"etag": f'"{details.version}"'})
    errors = " ".join(finding.words for finding in findings if finding.severity == "error")
    raise Problem(
        409, "not_ready", f"The draft was not submitted. {errors}", next_step="correct what `findings` names.",
        more={"findings": [finding.model_dump() for finding in findings]},
    )  # fmt: skip
