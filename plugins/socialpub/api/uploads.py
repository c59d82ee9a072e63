"""Photos and videos of drafts: begun with their size, sent in pieces of any size, gone on with where they broke off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from socialpub.api.auth import GuardedRoute, Permission, Principal, require
from socialpub.api.draft_calls import answer
from socialpub.api.once import IdempotencyKey, answer_once
from socialpub.api.paths import SOCIAL
from socialpub.api.problem import Problem, documented
from socialpub.api.resources import TheResources
from socialpub.api.threads import in_thread
from socialpub.services.uploads import MIME_TYPES, Piece, ReceivedUpload

UPLOADS = f"{SOCIAL}/uploads"
PIECE = "application/offset+octet-stream"
_BUFFER = 1 << 20
_MOST_BYTES = 2**53
_SILENCE_SECONDS = 30.0
"""A line that brings nothing for so long is broken, though TCP may not know for hours: what was cut has to go on."""

Writer = Annotated[Principal, Depends(require(Permission.WRITE_DRAFTS))]
router = APIRouter(route_class=GuardedRoute, tags=["Uploads"])


class NewUpload(BaseModel):
    """What is to come."""

    model_config = ConfigDict(extra="forbid")

    mime_type: Literal[*MIME_TYPES] = Field(examples=["image/png"])  # type: ignore[valid-type]
    size_bytes: int = Field(gt=0, le=_MOST_BYTES, examples=[48211])


class UploadAnswer(BaseModel):
    """An upload; `is_complete` once every byte is here. Then its id may stand in a draft's `assets`."""

    id: UUID
    asset_type: str = Field(examples=["photo"])
    mime_type: str = Field(examples=["image/png"])
    size_bytes: int = Field(examples=[48211])
    received_bytes: int = Field(examples=[48211])
    is_complete: bool
    checksum_sha256: str | None = Field(description="Of the whole file, to be compared with your own.")

    @classmethod
    def of(cls, found: ReceivedUpload) -> UploadAnswer:
        upload = found.upload
        return cls(
            id=upload.id, asset_type=found.asset_type, mime_type=upload.mime_type, size_bytes=upload.size_bytes,
            received_bytes=found.received_bytes, is_complete=upload.checksum_sha256 is not None,
            checksum_sha256=upload.checksum_sha256,
        )  # fmt: skip


@router.post(UPLOADS, status_code=201, response_model=UploadAnswer, responses=documented(409, 415))
async def begin_upload(
    request: Request,
    larp_id: UUID,
    order: NewUpload,
    user: Writer,
    resources: TheResources,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Announce a file. Its bytes follow with PATCH."""

    def work() -> Response:
        found = resources.upload_desk().begin(
            larp_id, mime_type=order.mime_type, size_bytes=order.size_bytes, actor=user.name
        )
        return answer(UploadAnswer.of(found), 201, {"location": f"{request.url.path}/{found.upload.id}"})

    return await answer_once(request, user, resources, idempotency_key, work)


@router.get(f"{UPLOADS}/{{upload_id}}", responses=documented())
async def show_upload(
    request: Request, response: Response, larp_id: UUID, upload_id: UUID, user: Writer, resources: TheResources
) -> UploadAnswer:
    """How far it is: after a broken piece, go on at `received_bytes`."""
    found = await in_thread(request, resources.upload_desk().read, larp_id, upload_id)
    response.headers["upload-offset"] = str(found.received_bytes)
    return UploadAnswer.of(found)


@router.patch(
    f"{UPLOADS}/{{upload_id}}",
    responses=documented(408, 409, 415),
    openapi_extra={
        "requestBody": {"required": True, "content": {PIECE: {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def send_piece(
    request: Request,
    response: Response,
    larp_id: UUID,
    upload_id: UUID,
    user: Writer,
    resources: TheResources,
    upload_offset: Annotated[int, Header(ge=0, le=_MOST_BYTES, examples=[0])],
) -> UploadAnswer:
    """The bytes from `Upload-Offset` on. What arrived before a connection broke is kept."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != PIECE:
        raise Problem(415, "wrong_content_type", "A piece is no JSON.", next_step=f"send it as {PIECE}.")
    desk = resources.upload_desk()
    piece = await in_thread(request, desk.open_piece, larp_id, upload_id, offset=upload_offset)
    try:
        await _receive(request, piece)
    finally:
        await in_thread(request, piece.close)
    found = await in_thread(request, desk.read, larp_id, upload_id)
    response.headers["upload-offset"] = str(found.received_bytes)
    return UploadAnswer.of(found)


async def _listen(request: Request) -> AsyncIterator[bytes]:
    """The body's parts. Raises `TimeoutError` where nothing comes any more."""
    parts = request.stream()
    while True:
        async with asyncio.timeout(_SILENCE_SECONDS):
            part = await anext(parts)
        if not part:  # The last one is empty.
            return
        yield part


async def _receive(request: Request, piece: Piece) -> None:
    """As it comes in, a buffer at a time: a large file takes no memory. Raises 408 where nothing comes any more.

    While a piece is open nobody else may write the file, so a line that died without a word must not hold it.
    """
    buffer = bytearray()
    try:
        async for part in _listen(request):
            buffer += part
            if len(buffer) >= _BUFFER:
                await in_thread(request, piece.write, bytes(buffer))
                buffer.clear()
    except ClientDisconnect:
        pass  # Nobody waits for an answer; what came is kept, and the client goes on there.
    except TimeoutError as error:
        raise Problem(
            408, "upload_silent", f"Nothing came for {_SILENCE_SECONDS:.0f} seconds; what came before is kept.",
            next_step="GET the upload, and go on at its received_bytes.", headers={"connection": "close"},
        ) from error  # fmt: skip
    finally:
        if buffer:
            await in_thread(request, piece.write, bytes(buffer))
