"""How a video reads, and `GET`, `POST` and `DELETE /{video}` (codegen spec, AdVideo)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graph_sandbox.entities import Fate, Token
from graph_sandbox.errors import GraphFault, invalid_parameter, missing_object, refuse_reading
from graph_sandbox.fields import Fields, parse_fields, pick
from graph_sandbox.media import Video
from graph_sandbox.params import read_bool, read_text, refuse_unknown
from graph_sandbox.post_node import graph_time
from graph_sandbox.request import GraphRequest
from graph_sandbox.schedules import read_schedule, scripted_fate
from graph_sandbox.state import World
from graph_sandbox.texts import read_message, read_title
from graph_sandbox.tokens import authenticate, require_publisher, require_same_page
from graph_sandbox.video_status import STATUS_FIELDS, render_status

UPDATE_PARAMS = frozenset({"name", "description", "published", "scheduled_publish_time"})
DEFAULT_FIELDS: Fields = {"description": None, "updated_time": None, "id": None}
_EMPTY_NODE: dict[str, Any] = {
    **dict.fromkeys(
        ("id", "title", "description", "created_time", "updated_time", "published", "post_id", "permalink_url",
         "scheduled_publish_time", "length")
    ),
    "from": {"id": "", "name": ""},
    "status": STATUS_FIELDS,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Change:
    """What an update asks for; as it stands, nothing."""

    title: str | None = None
    description: str | None = None
    publishes: bool = False
    publish_at: int | None = None
    fate: Fate = Fate.FIRES


def read_video(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return one video, whatever its state."""
    _, video = _find_video(world, request)
    refuse_unknown(request.params, frozenset())
    fields = read_video_fields(request) or DEFAULT_FIELDS
    return render_video(world, video, fields, base_url=request.base_url)


def update_video(world: World, request: GraphRequest) -> dict[str, Any]:
    """Change a finished video of the same app: its texts, its schedule, or publish it now."""
    token, video = _find_video(world, request)
    require_publisher(world.pages[video.page_id], token)
    if video.app_id != token.app_id:
        raise GraphFault(10, "(#10) Application does not have permission for this action", status=403)
    refuse_unknown(request.params, UPDATE_PARAMS)
    if video.finished_at is None:
        raise invalid_parameter("The upload of the video has not been finished")
    change = _read_change(world, request, video)
    if change == _Change(fate=change.fate):
        raise invalid_parameter("Missing parameter: description")
    _apply(world, video, change)
    request.arrival.committed = video.id
    return {"success": True}


def delete_video(world: World, request: GraphRequest) -> dict[str, Any]:
    """Delete a video, its post and its upload; the second time it is code 100 subcode 33."""
    token, video = _find_video(world, request)
    require_publisher(world.pages[video.page_id], token)
    refuse_unknown(request.params, frozenset())
    world.delete_video(video)
    request.arrival.committed = video.id
    return {"success": True}


def read_video_fields(request: GraphRequest) -> Fields | None:
    """Return the asked fields of videos.

    Raises:
        GraphFault: code 100 for a field that videos do not have.
    """
    text = read_text(request.params, "fields")
    if not text:
        return None
    fields = parse_fields(text)
    pick(_EMPTY_NODE, fields)
    return fields


def render_video(world: World, video: Video, fields: Fields, *, base_url: str) -> dict[str, Any]:
    """Return a video with the asked fields."""
    publish_at = video.scheduled_publish_time
    node = {
        "id": video.id,
        "title": video.title,
        "description": video.description,
        "created_time": graph_time(video.created_at),
        "updated_time": graph_time(video.finished_at or video.created_at),
        "published": video.post_id is not None,
        "post_id": video.post_id,
        "permalink_url": f"{base_url}/{video.page_id}/videos/{video.id}",
        "scheduled_publish_time": graph_time(publish_at) if publish_at else None,
        "length": None,
        "from": {"id": video.page_id, "name": world.pages[video.page_id].name},
        "status": render_status(world, video),
    }
    return pick(node, fields)


def _find_video(world: World, request: GraphRequest) -> tuple[Token, Video]:
    token = authenticate(world, request)
    video = world.find_video(request.node)
    if video is None:
        raise missing_object(request.method, request.node)
    require_same_page(request, token, video.page_id)
    if "pages_read_engagement" not in token.scopes:
        refuse_reading("pages_read_engagement")
    return token, video


def _read_change(world: World, request: GraphRequest, video: Video) -> _Change:
    publishes = read_bool(request.params, "published", default=False)
    if publishes and video.goes_public:
        raise invalid_parameter("The video has already been published")
    return _Change(
        title=read_title(request, "name"),
        description=read_message(request, "description"),
        publishes=publishes,
        publish_at=read_schedule(world, request, edge="videos", is_published=publishes or video.goes_public),
        fate=scripted_fate(request),
    )


def _apply(world: World, video: Video, change: _Change) -> None:
    video.title = change.title or video.title
    video.description = change.description or video.description
    if change.publish_at is not None:
        world.plan_video(video, at=float(change.publish_at), is_scheduled=True, fate=change.fate)
    if change.publishes:
        world.plan_video(video, at=world.now(), is_scheduled=False)
    post = world.find_post(video.post_id) if video.post_id else None
    if post is not None:
        post.message = video.description


ROUTES = {("GET", "video"): read_video, ("POST", "video"): update_video, ("DELETE", "video"): delete_video}
