"""What a request says about a video besides its bytes, and how a whole video enters the Page."""

from __future__ import annotations

from dataclasses import dataclass

from graph_sandbox.container import recognise_video
from graph_sandbox.errors import GraphFault, invalid_parameter
from graph_sandbox.file_part import FilePart
from graph_sandbox.media import StoredFile, Trouble, Video
from graph_sandbox.params import read_bool
from graph_sandbox.photos import store_image
from graph_sandbox.request import GraphRequest
from graph_sandbox.schedules import read_content_type, read_schedule, scripted_fate
from graph_sandbox.state import World
from graph_sandbox.texts import read_message, read_title

ORDER_PARAMS = frozenset({"title", "description", "published", "scheduled_publish_time", "unpublished_content_type"})
UNSUPPORTED = "Unsupported Video Format: the file you selected is in a format that we don't support."
PROCESSING_FAULT = "video_processing_error"
"""The fault mode that lets the processing of a video fail."""


@dataclass(frozen=True, slots=True)
class VideoOrder:
    """Texts, publication and thumbnail of a video."""

    title: str | None
    description: str | None
    is_published: bool
    publish_at: int | None
    thumb: StoredFile | None


def read_order(world: World, request: GraphRequest) -> VideoOrder:
    """Return what a request says about its video.

    Raises:
        GraphFault: code 100 for texts or times that are not allowed, 324 for a thumbnail that is no image.
    """
    is_published = read_bool(request.params, "published", default=True)
    publish_at = read_schedule(world, request, edge="videos", is_published=is_published)
    read_content_type(request, is_published=is_published, publish_at=publish_at)
    title, description = read_title(request), read_message(request, "description")
    thumb = find_file(request, "thumb")
    return VideoOrder(title, description, is_published, publish_at, store_image(world, thumb) if thumb else None)


def find_file(request: GraphRequest, name: str) -> FilePart | None:
    """Return the file in this field, or None."""
    return next((part for part in request.files if part.name == name), None)


def refuse_other_files(request: GraphRequest, *known: str) -> None:
    """Refuse files in other fields, and two in one."""
    names = [part.name for part in request.files]
    for name in names:
        if name not in known or names.count(name) > 1:
            raise invalid_parameter(f"Param {name} is not a known parameter of this edge")


def bad_video(subcode: int, words: str) -> GraphFault:
    """Return code 6000: this file is no good, another one may be."""
    message = "There was a problem uploading your video file. Please try again with another file."
    return GraphFault(6000, f"(#6000) {message}", subcode=subcode, user_message=words)


def check_video(size: int, head: bytes, *, least: int, most: int) -> str:
    """Return the media type of a whole video.

    Raises:
        GraphFault: code 382 for one that is too small, 6000 for one too big (1363023) or in no known format (1363024).
    """
    check_size(size, least=least, most=most)
    media_type = recognise_video(head)
    if media_type is None:
        raise bad_video(1363024, UNSUPPORTED)
    return media_type


def check_size(size: int, *, least: int, most: int) -> None:
    """Refuse a video that is too small or too big; sizes in bytes."""
    if size < least:
        words = "The video file you tried to upload is too small. Please try again with a larger file."
        raise GraphFault(382, f"(#382) {words}", subcode=1363022)
    if size > most:
        raise bad_video(1363023, f"The video file you selected is too big. The limit is {most} bytes.")


def finish_video(world: World, request: GraphRequest, video: Video, order: VideoOrder) -> None:
    """Settle a video whose bytes are all there: its processing begins, and it becomes a post as ordered."""
    video.title, video.description, video.thumb = order.title, order.description, order.thumb
    video.finished_at, video.processing_seconds = world.now(), world.settings.processing_seconds
    video.trouble = video.trouble or _scripted_trouble(request)
    if order.publish_at is not None:
        world.plan_video(video, at=float(order.publish_at), is_scheduled=True, fate=scripted_fate(request))
    elif order.is_published:
        world.plan_video(video, at=world.now(), is_scheduled=False)


def _scripted_trouble(request: GraphRequest) -> Trouble | None:
    rule = request.fault
    if rule is None or rule.mode != PROCESSING_FAULT:
        return None
    return Trouble(rule.code or 1363047, rule.error_message or "We're having trouble processing your video.")
