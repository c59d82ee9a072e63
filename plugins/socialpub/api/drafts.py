"""Drafts of a LARP: listed, read, written and given up."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute, Permission, Principal, require
from socialpub.api.draft_calls import DRAFT, DRAFTS, IfMatch, answer_draft, make_caller, read_version
from socialpub.api.draft_schemas import DraftAnswer, DraftOrder, Instant, ListAnswer, read_instant
from socialpub.api.once import IdempotencyKey, answer_once
from socialpub.api.problem import documented
from socialpub.api.resources import Resources, TheResources
from socialpub.api.threads import in_thread
from socialpub.models import DraftAsset, DraftStatus
from socialpub.services.draft_assets import find_uploads
from socialpub.services.drafts.lists import DraftFilter, list_drafts
from socialpub.services.drafts.read import read_draft
from socialpub.services.drafts.write import AssetContent, DraftContent, cancel_draft, create_draft, update_draft
from socialpub.services.uploads import asset_type_of

Reader = Annotated[Principal, Depends(require(Permission.READ_DRAFTS))]
Writer = Annotated[Principal, Depends(require(Permission.WRITE_DRAFTS))]
Canceler = Annotated[Principal, Depends(require(Permission.CANCEL_DRAFTS))]
Limit = Annotated[int, Query(ge=1, le=200)]
Cursor = Annotated[str | None, Query(max_length=200, description="`next_cursor` of the page before.")]
router = APIRouter(route_class=GuardedRoute, tags=["Drafts"])


@router.get(DRAFTS, responses=documented(409))
async def list_all(
    request: Request,
    larp_id: UUID,
    user: Reader,
    resources: TheResources,
    status: Annotated[list[DraftStatus] | None, Query(max_length=7)] = None,
    page_id: Annotated[str | None, Query(pattern=r"^[0-9]{1,40}$", description="Of the Facebook Page.")] = None,
    planned_from: Instant | None = None,
    planned_until: Instant | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ListAnswer:
    """Newest first; with `planned_from` or `planned_until` (exclusive) by the planned time."""
    wanted = DraftFilter(
        statuses=tuple(status) if status else None,
        page_id=page_id,
        planned_from=read_instant(planned_from),
        planned_until=read_instant(planned_until),
    )
    caller = make_caller(request, user.name)
    page = await in_thread(
        request, list_drafts, resources.engine, larp_id, caller, wanted=wanted, cursor=cursor, limit=limit
    )
    return ListAnswer.of(page)


@router.post(DRAFTS, status_code=201, response_model=DraftAnswer, responses=documented(409, 415))
async def create(
    request: Request,
    larp_id: UUID,
    order: DraftOrder,
    user: Writer,
    resources: TheResources,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """A new draft by you."""

    def work() -> Response:
        content = read_content(resources, larp_id, order, user, ())
        details = create_draft(resources.engine, larp_id, content, make_caller(request, user.name))
        return answer_draft(details, 201, location=f"{request.url.path}/{details.draft.id}")

    return await answer_once(request, user, resources, idempotency_key, work)


@router.get(DRAFT, response_model=DraftAnswer, responses=documented())
async def read(request: Request, larp_id: UUID, draft_id: UUID, user: Reader, resources: TheResources) -> Response:
    """A draft with its assets, decisions and schedules."""
    caller = make_caller(request, user.name)
    return answer_draft(await in_thread(request, read_draft, resources.engine, larp_id, draft_id, caller))


@router.put(DRAFT, response_model=DraftAnswer, responses=documented(409, 412, 415, 428))
async def update(
    request: Request,
    larp_id: UUID,
    draft_id: UUID,
    order: DraftOrder,
    user: Writer,
    resources: TheResources,
    if_match: IfMatch = None,
) -> Response:
    """Give the draft this content as a whole. What differs voids its approvals and cancels its schedule."""
    version = read_version(if_match, is_required=True)

    def work() -> Response:
        caller = make_caller(request, user.name)
        present = read_draft(resources.engine, larp_id, draft_id, caller).assets
        content = read_content(resources, larp_id, order, user, present)
        return answer_draft(
            update_draft(resources.engine, larp_id, draft_id, content, caller, expected_version=version)
        )

    return await in_thread(request, work)


@router.delete(DRAFT, response_model=DraftAnswer, responses=documented(409, 412))
async def cancel(
    request: Request,
    larp_id: UUID,
    draft_id: UUID,
    user: Canceler,
    resources: TheResources,
    if_match: IfMatch = None,
) -> Response:
    """Give the draft up for good, with its schedule. One that is out stays out."""
    version, caller = read_version(if_match), make_caller(request, user.name)
    details = await in_thread(
        request, cancel_draft, resources.engine, larp_id, draft_id, caller, expected_version=version
    )
    return answer_draft(details)


def read_content(
    resources: Resources, larp_id: UUID, order: DraftOrder, user: Principal, present: tuple[DraftAsset, ...]
) -> DraftContent:
    """The content with its uploads. What the draft shows already is named by the id of its asset as well."""
    known = {asset.id: asset for asset in present}
    wanted = {asset.upload_id for asset in order.assets if asset.upload_id not in known}
    wanted |= {asset.thumbnail_upload_id for asset in order.assets if asset.thumbnail_upload_id}
    uploads = find_uploads(resources.engine, larp_id, wanted, actor=user.name) if wanted else {}
    assets = []
    for asset in order.assets:
        source = known.get(asset.upload_id) or uploads[asset.upload_id]
        thumbnail = asset.thumbnail_upload_id and uploads[asset.thumbnail_upload_id].storage_path
        assets.append(
            AssetContent(
                type=source.type if isinstance(source, DraftAsset) else asset_type_of(source),
                storage_path=source.storage_path,
                public_url=source.public_url if isinstance(source, DraftAsset) else None,
                alt_text=asset.alt_text,
                title=asset.title,
                thumbnail_path=thumbnail or (source.thumbnail_path if isinstance(source, DraftAsset) else None),
                may_reencode=asset.may_reencode,
                size_bytes=source.size_bytes,
                checksum_sha256=source.checksum_sha256,
                mime_type=source.mime_type,
            )
        )
    text = order.model_dump(exclude={"assets"})
    return DraftContent(**text, assets=tuple(assets))
