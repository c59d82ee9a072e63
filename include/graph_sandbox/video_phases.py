"""The phases of a chunked upload: start, transfer, finish and cancel (Graph API reference, Chunked phases)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from graph_sandbox.container import recognise_video
from graph_sandbox.entities import Page, Token
from graph_sandbox.errors import GraphFault, invalid_parameter
from graph_sandbox.file_part import FilePart
from graph_sandbox.growing_file import GrowingFile
from graph_sandbox.library import new_number
from graph_sandbox.media import StoredFile, Trouble, UploadSession, Video
from graph_sandbox.params import read_int, read_text, refuse_unknown
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.video_order import (
    ORDER_PARAMS,
    UNSUPPORTED,
    bad_video,
    check_size,
    finish_video,
    read_order,
    refuse_other_files,
)

Phase = Callable[[World, Page, Token, GraphRequest], dict[str, Any]]
_SESSION_PARAMS = frozenset({"upload_phase", "upload_session_id"})


def start(world: World, page: Page, token: Token, request: GraphRequest) -> dict[str, Any]:
    """Open a session for a file of a declared size and say which bytes are wanted first."""
    refuse_unknown(request.params, frozenset({"upload_phase", "file_size"}))
    refuse_other_files(request)
    if "file_size" not in request.params:
        raise invalid_parameter("Missing parameter: file_size")
    settings, size = world.settings, read_int(request.params, "file_size", default=0)
    check_size(size, least=settings.video_min_bytes, most=settings.video_max_bytes)
    session_id = str(new_number())
    video = Video(world.library.new_id("video", page.id), page.id, token.app_id, world.now(), session_id)
    session = UploadSession(
        id=session_id,
        video_id=video.id,
        page_id=page.id,
        app_id=token.app_id,
        opened_at=world.now(),
        chunk_bytes=settings.chunk_bytes,
        file=GrowingFile(size, keep_bytes=settings.kept_video_bytes),
    )
    world.library.videos[video.id] = video
    world.library.sessions[session.id] = session
    request.arrival.committed = video.id
    return {"upload_session_id": session.id, "video_id": video.id, **session.offsets()}


def transfer(world: World, page: Page, token: Token, request: GraphRequest) -> dict[str, Any]:
    """Take exactly the wanted bytes and say which come next."""
    refuse_unknown(request.params, _SESSION_PARAMS | {"start_offset"})
    refuse_other_files(request, "video_file_chunk")
    session = _find_session(world, page, token, request)
    if not request.files:
        raise invalid_parameter("Missing parameter: video_file_chunk", subcode=1363020)
    if "start_offset" not in request.params:
        raise invalid_parameter("Missing parameter: start_offset")
    _take_chunk(world, session, request.files[0], read_int(request.params, "start_offset", default=0))
    request.arrival.committed = session.video_id
    return session.offsets()


def finish(world: World, page: Page, token: Token, request: GraphRequest) -> dict[str, Any]:
    """Settle the video; this is what publishes it."""
    refuse_unknown(request.params, _SESSION_PARAMS | ORDER_PARAMS)
    refuse_other_files(request, "thumb")
    session = _find_session(world, page, token, request)
    if not session.file.is_whole:
        raise bad_video(1363045, f"{session.file.size} of {session.file.declared_size} bytes have been uploaded.")
    order = read_order(world, request)
    video = world.library.videos[session.video_id]
    video.file = _store(world, session.file)
    if recognise_video(session.file.head) is None:
        video.trouble = Trouble(1363024, UNSUPPORTED)
    session.is_finished = True
    finish_video(world, request, video, order)
    request.arrival.committed = video.id
    return {"success": True}


def cancel(world: World, page: Page, token: Token, request: GraphRequest) -> dict[str, Any]:
    """Give an upload up; its video is gone."""
    refuse_unknown(request.params, _SESSION_PARAMS)
    refuse_other_files(request)
    session = _find_session(world, page, token, request)
    world.delete_video(world.library.videos[session.video_id])
    request.arrival.committed = session.video_id
    return {"success": True}


def open_chunk(world: World, params: dict[str, Any], name: str, filename: str) -> FilePart:
    """Return what takes a chunk: it goes on from the session's bytes when the parameters before it say where."""
    session = world.library.sessions.get(str(params.get("upload_session_id")))
    if session is None or params.get("start_offset") != str(session.file.size):
        return FilePart(name, filename)
    return session.file.open_part(name, filename)


def wrong_offset(session: UploadSession | None, *, is_text: bool) -> GraphFault:
    """Return code 6001 subcode 1363037 with the offsets that are wanted, as an object or as JSON in a string."""
    offsets = session.offsets() if session else {"start_offset": "0", "end_offset": "0"}
    data = {name: int(value) for name, value in offsets.items()}
    return GraphFault(
        6001,
        "There was a problem uploading your video. Please try uploading it again.",
        subcode=1363037,
        status=500,
        error_data=json.dumps(data) if is_text else data,
    )


def _find_session(world: World, page: Page, token: Token, request: GraphRequest) -> UploadSession:
    session_id = read_text(request.params, "upload_session_id")
    if session_id is None:
        raise invalid_parameter("Missing parameter: upload_session_id")
    session = world.library.sessions.get(session_id)
    if session is not None and (session.page_id, session.app_id) != (page.id, token.app_id):
        raise GraphFault(6000, "(#6000) You do not have permission to upload this video.", subcode=1363042)
    if session is None or session.is_finished or world.has_expired(session.opened_at):
        raise GraphFault(6000, "(#6000) Your video upload session has expired.", subcode=1363041)
    return session


def _take_chunk(world: World, session: UploadSession, part: FilePart, offset: int) -> None:
    if offset != session.file.size:
        raise wrong_offset(session, is_text=world.settings.is_error_data_text)
    if part.size != session.end_offset - offset:
        raise bad_video(1363045, f"The chunk has {part.size} bytes instead of {session.end_offset - offset}.")
    if not session.file.can_take(part):
        raise invalid_parameter("upload_session_id and start_offset must come before video_file_chunk in the body")
    session.file.take(part)


def _store(world: World, file: GrowingFile) -> StoredFile:
    media_type = recognise_video(file.head) or "application/octet-stream"
    return StoredFile(media_type, file.size, file.sha256, world.library.keep(file.content))


PHASES: dict[str, Phase] = {"start": start, "transfer": transfer, "finish": finish, "cancel": cancel}
