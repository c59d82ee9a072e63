"""Looking at drafts from other sides: tries to publish, the audit log, the calendar, and the Page they go to."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from socialpub.api.auth import GuardedRoute
from socialpub.api.draft_answers import AttemptsAnswer, AuditAnswer, AuditEntry, ListAnswer
from socialpub.api.draft_calls import DRAFT, make_caller
from socialpub.api.draft_orders import Instant, read_instant
from socialpub.api.drafts import Cursor, Limit, Reader
from socialpub.api.paths import SOCIAL
from socialpub.api.problem import documented
from socialpub.api.resources import TheResources
from socialpub.api.schemas import ConnectionAnswer
from socialpub.api.threads import in_thread
from socialpub.services.connection_status import read_connection_status
from socialpub.services.drafts.lists import DraftFilter, list_drafts
from socialpub.services.drafts.read import list_attempts, list_audit

router = APIRouter(route_class=GuardedRoute, tags=["Drafts"])


@router.get(f"{DRAFT}/attempts", responses=documented())
async def show_attempts(
    request: Request, larp_id: UUID, draft_id: UUID, user: Reader, resources: TheResources
) -> AttemptsAnswer:
    """Every try to publish the draft, the first one first."""
    caller = make_caller(request, user.name)
    return AttemptsAnswer.of(await in_thread(request, list_attempts, resources.engine, larp_id, draft_id, caller))


@router.get(f"{DRAFT}/audit", responses=documented())
async def show_audit(
    request: Request,
    larp_id: UUID,
    draft_id: UUID,
    user: Reader,
    resources: TheResources,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Limit = 200,
) -> AuditAnswer:
    """What happened to the draft and its scheduled posts, and who did it."""
    caller = make_caller(request, user.name)
    found = await in_thread(
        request, list_audit, resources.engine, larp_id, draft_id, caller, after_id=after, limit=limit
    )
    return AuditAnswer(entries=[AuditEntry.model_validate(entry) for entry in found])


@router.get(f"{SOCIAL}/calendar", responses=documented(409))
async def show_calendar(
    request: Request,
    larp_id: UUID,
    user: Reader,
    resources: TheResources,
    start: Annotated[Instant, Query(alias="from")],
    end: Annotated[Instant, Query(alias="until", description="Exclusive.")],
    cursor: Cursor = None,
    limit: Limit = 200,
) -> ListAnswer:
    """What is planned in a time, by that time: once for each schedule, canceled ones excepted."""
    wanted = DraftFilter(planned_from=read_instant(start), planned_until=read_instant(end))
    caller = make_caller(request, user.name)
    page = await in_thread(
        request, list_drafts, resources.engine, larp_id, caller, wanted=wanted, cursor=cursor, limit=limit
    )
    return ListAnswer.of(page)


@router.get(f"{SOCIAL}/connection", responses=documented())
async def show_connection(request: Request, larp_id: UUID, user: Reader, resources: TheResources) -> ConnectionAnswer:
    """Whether the LARP has a Page, and how it stands."""
    return ConnectionAnswer.of(await in_thread(request, read_connection_status, resources.engine, larp_id))
