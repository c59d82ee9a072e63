"""The part of `/_control/…` that is about media, comments and native schedules."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from graph_sandbox.control_models import FateOrder
from graph_sandbox.control_world import TheWorld, require
from graph_sandbox.media import Photo, Video
from graph_sandbox.state import World
from graph_sandbox.video_status import video_state

router = APIRouter()


@router.get("/pages/{page_id}/photos")
async def list_photos(page_id: str, world: TheWorld) -> list[dict[str, Any]]:
    """Return the photos of a Page that are still there, oldest first."""
    require(page_id in world.pages, "page")
    world.collect_unused_photos()
    return [_describe_photo(photo) for photo in world.library.photos.values() if photo.page_id == page_id]


@router.get("/pages/{page_id}/videos")
async def list_videos(page_id: str, world: TheWorld) -> list[dict[str, Any]]:
    """Return the videos of a Page, whatever their state, oldest first."""
    require(page_id in world.pages, "page")
    world.fire_due_posts(world.pages[page_id])
    return [_describe_video(world, video) for video in world.library.videos.values() if video.page_id == page_id]


@router.get("/posts/{post_id}/comments")
async def list_comments(post_id: str, world: TheWorld) -> list[dict[str, Any]]:
    """Return the comments of a post, oldest first, without lag."""
    post = world.find_post(post_id)
    require(post is not None, "post")
    comments = post.comments.values() if post else ()
    return [{"id": comment.id, "message": comment.message, "created_at": comment.created_at} for comment in comments]


@router.post("/schedules/{object_id}")
async def set_fate(object_id: str, order: FateOrder, world: TheWorld) -> dict[str, bool]:
    """Decide what becomes of the schedule of a post or a video when its time comes."""
    scheduled = world.find_post(object_id) or world.find_video(object_id)
    require(scheduled is not None and scheduled.scheduled_publish_time is not None, "schedule")
    if scheduled is not None:
        scheduled.fate = order.fate
    return {"success": True}


def _describe_photo(photo: Photo) -> dict[str, Any]:
    return {
        "id": photo.id,
        "post_id": photo.post_id,
        "is_temporary": photo.is_temporary,
        "caption": photo.caption,
        "alt_text": photo.alt_text,
        "media_type": photo.file.media_type,
        "size": photo.file.size,
        "sha256": photo.file.sha256,
    }


def _describe_video(world: World, video: Video) -> dict[str, Any]:
    session = world.library.session_of(video)
    file = session.file if session else video.file
    return {
        "id": video.id,
        "post_id": video.post_id,
        "title": video.title,
        "description": video.description,
        "state": video_state(world, video),
        "scheduled_publish_time": video.scheduled_publish_time,
        "upload_session_id": session.id if session else None,
        "bytes_received": file.size if file else 0,
        "file_size": session.file.declared_size if session else file.size if file else 0,
        "sha256": file.sha256 if file else "",
        "thumb_sha256": video.thumb.sha256 if video.thumb else None,
    }
