"""How far a video is: the `status` field of the Video node (codegen spec, VideoStatus)."""

from __future__ import annotations

from typing import Any

from graph_sandbox.media import UploadSession, Video
from graph_sandbox.state import World

_PHASE: dict[str, Any] = {"status": None, "errors": [{"code": None, "message": None}]}
STATUS_FIELDS: dict[str, Any] = {
    "video_status": None,
    "processing_progress": None,
    "uploading_phase": {**_PHASE, "bytes_transferred": None, "source_file_size": None},
    "processing_phase": _PHASE,
    "publishing_phase": {**_PHASE, "publish_status": None, "publish_time": None},
}
"""A status with every field and no value."""


def video_state(world: World, video: Video) -> str:
    """Return `video_status`."""
    if video.finished_at is not None:
        if video.processed_at > world.now():
            return "processing"
        return "error" if video.trouble else "ready"
    session = world.library.session_of(video)
    if session is None or world.has_expired(session.opened_at):
        return "expired"
    return "upload_complete" if session.file.is_whole else "uploading"


def render_status(world: World, video: Video) -> dict[str, Any]:
    """Return the whole status: what was uploaded, processed and published."""
    state = video_state(world, video)
    return {
        "video_status": state,
        "processing_progress": _progress(world, video, state),
        "uploading_phase": _uploading(world.library.session_of(video), video),
        "processing_phase": _processing(video, state),
        "publishing_phase": _publishing(world, video),
    }


def _progress(world: World, video: Video, state: str) -> int:
    if state == "processing" and video.finished_at is not None:
        return int(100 * (world.now() - video.finished_at) / video.processing_seconds)
    return 100 if state == "ready" else 0


def _uploading(session: UploadSession | None, video: Video) -> dict[str, Any]:
    sizes = (session.file.size, session.file.declared_size) if session else (0, 0)
    if video.file is not None:
        sizes = (video.file.size, video.file.size)
    is_whole = video.file is not None or (session is not None and session.file.is_whole)
    return {
        "status": "completed" if is_whole else "in_progress",
        "bytes_transferred": sizes[0],
        "source_file_size": sizes[1],
        "errors": None,
    }


def _processing(video: Video, state: str) -> dict[str, Any]:
    words = {"processing": "in_progress", "ready": "completed", "error": "error"}
    trouble = video.trouble if state == "error" else None
    errors = [{"code": trouble.code, "message": trouble.message}] if trouble else None
    return {"status": words.get(state, "not_started"), "errors": errors}


def _publishing(world: World, video: Video) -> dict[str, Any]:
    post = world.find_post(video.post_id) if video.post_id else None
    if post is not None:
        moment = int(post.created_at)
        return {"status": "completed", "publish_status": "published", "publish_time": moment, "errors": None}
    promise = "scheduled" if video.scheduled_publish_time else None if video.goes_public else "draft"
    return {
        "status": "not_started",
        "publish_status": promise if video.finished_at is not None else None,
        "publish_time": video.scheduled_publish_time,
        "errors": None,
    }
