"""Photos and videos: taken in from a form, and shown as small pictures or played."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from socialpub.api.auth import GuardedRoute
from socialpub.api.problem import Problem
from socialpub.api.resources import Resources
from socialpub.api.roles import Permission
from socialpub.api.threads import in_thread
from socialpub.console.byte_ranges import send_file
from socialpub.console.visit import LARP, Visit, enter
from socialpub.errors import MediaRefusedError
from socialpub.hooks.storage import AirflowMediaStore
from socialpub.media.picture import MIME_TYPE, draw_picture
from socialpub.media.source import StoredFile
from socialpub.models import Upload
from socialpub.services.drafts.pictures import find_picture_path, find_video_path
from socialpub.services.uploads import MIME_TYPES

Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]
_PIECE = 1 << 20
# Of somebody's file, so no shared cache keeps it; a player asks for its parts again and again.
_KEPT = {"cache-control": "private, max-age=300"}
# Whatever the file is: it is played or it is not, and no browser takes it for a page. Those that know no
# "video/quicktime" play most of it under this name.
_VIDEO = "video/mp4"
router = APIRouter(route_class=GuardedRoute)


@router.get(f"{LARP}/drafts/pictures/{{asset_id}}")
async def show_picture(request: Request, visit: Reader, asset_id: UUID) -> Response:
    """An asset of one of the LARP's drafts, or an upload that is to be one."""
    resources = visit.resources

    def draw() -> bytes:
        path = find_picture_path(resources.engine, visit.larp.id, asset_id, visit.caller)
        if path is None:
            raise Problem(404, "no_picture", "There is no such picture.", next_step="open the draft again.")
        settings = resources.settings()
        return draw_picture(AirflowMediaStore(settings.media).open(path), settings.media_limits.photo)

    picture = await in_thread(request, draw)
    return Response(picture, media_type=MIME_TYPE, headers=_KEPT)


@router.get(f"{LARP}/drafts/videos/{{asset_id}}")
async def show_video(request: Request, visit: Reader, asset_id: UUID) -> Response:
    """The same of a video, as it lies in the storage; in parts, if the player asks for them."""
    resources = visit.resources

    def find() -> StoredFile:
        path = find_video_path(resources.engine, visit.larp.id, asset_id, visit.caller)
        if path is None:
            raise Problem(404, "no_video", "There is no such video.", next_step="open the draft again.")
        return AirflowMediaStore(resources.settings().media).open(path)

    return await send_file(request, await in_thread(request, find), _KEPT, media_type=_VIDEO)


def most_form_bytes(resources: Resources) -> int:
    """A form may bring a whole video."""
    return resources.settings().media_limits.video.max_bytes + _PIECE


def take_files(visit: Visit) -> list[Upload]:
    """Store what the form brings. Raises `MediaRefusedError`, and what an upload through the API raises."""
    brought = [file for file in visit.form.getlist("files") if isinstance(file, UploadFile) and file.filename]
    return [_take(visit, file) for file in brought]


def _take(visit: Visit, file: UploadFile) -> Upload:
    mime_type = (file.content_type or "").partition(";")[0].strip().lower()
    if mime_type not in MIME_TYPES or not file.size:
        raise MediaRefusedError(
            f"“{(file.filename or '')[:80]}” is no photo or video that can be taken.",
            next_step="choose a JPEG, PNG, GIF, WebP, HEIC, BMP or TIFF, or an MP4 or MOV, that is not empty.",
        )
    desk, larp_id = visit.resources.upload_desk(), visit.larp.id
    begun = desk.begin(larp_id, mime_type=mime_type, size_bytes=file.size, actor=visit.principal.name)
    piece = desk.open_piece(larp_id, begun.upload.id, offset=0)
    try:
        while content := file.file.read(_PIECE):
            piece.write(content)
    finally:
        piece.close()
    return begun.upload
