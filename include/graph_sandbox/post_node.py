"""How a post reads through the Graph API: its fields and their shapes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from graph_sandbox.attachments import ATTACHMENT_FIELDS, render_attachments
from graph_sandbox.entities import Post
from graph_sandbox.fields import Fields, parse_fields, pick
from graph_sandbox.params import read_text
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World

DEFAULT_FIELDS: Fields = {"created_time": None, "message": None, "id": None}
"""What a post shows without `fields` (Graph API reference, Reading back); `story` stands in for a missing message."""


def graph_time(moment: float) -> str:
    """Return an instant as Graph writes it, `2019-05-17T16:24:04+0000` (no colon in the offset)."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def read_fields(request: GraphRequest) -> Fields | None:
    """Return the asked fields of posts; a wrong one is refused before anything is written.

    Raises:
        GraphFault: code 100 for a field that posts do not have.
    """
    text = read_text(request.params, "fields")
    if not text:
        return None
    fields = parse_fields(text)
    pick(_EMPTY_NODE, fields)
    return fields


def render_post(world: World, post: Post, fields: Fields | None, *, base_url: str) -> dict[str, Any]:
    """Return a post with the asked fields, or its default ones."""
    return pick(_post_node(world, post, base_url), fields or _default_fields(post))


def _default_fields(post: Post) -> Fields:
    return DEFAULT_FIELDS if post.message else {"created_time": None, "story": None, "id": None}


def _post_node(world: World, post: Post, base_url: str) -> dict[str, Any]:
    page_name, app = world.pages[post.page_id].name, world.apps.get(post.app_id)
    return {
        "id": post.id,
        "message": post.message,
        "story": None if post.message else f"{page_name} {_DEEDS[_status_type(post)]}.",
        "created_time": graph_time(post.created_at),
        "updated_time": graph_time(post.updated_at),
        "is_published": post.is_published,
        "is_hidden": False,
        "is_expired": False,
        "scheduled_publish_time": post.scheduled_publish_time,
        "permalink_url": f"{base_url}/{post.page_id}/posts/{post.suffix}",
        "status_type": _status_type(post),
        "from": {"id": post.page_id, "name": page_name},
        "application": {"id": post.app_id, "name": app.name} if app else None,
        "attachments": render_attachments(world, post, base_url),
    }


def _status_type(post: Post) -> str:
    if post.video_id:
        return "added_video"
    if post.photo_ids:
        return "added_photos"
    return "shared_story" if post.link else "mobile_status_update"


_DEEDS = {
    "added_video": "added a video",
    "added_photos": "added new photos",
    "shared_story": "shared a link",
    "mobile_status_update": "updated their status",
}
_EMPTY_NODE: dict[str, Any] = {
    **dict.fromkeys(
        ("id", "message", "story", "created_time", "updated_time", "is_published", "is_hidden", "is_expired",
         "scheduled_publish_time", "permalink_url", "status_type")
    ),
    "from": {"id": "", "name": ""},
    "application": {"id": "", "name": "", "link": "", "namespace": ""},
    "attachments": {"data": [ATTACHMENT_FIELDS]},
}  # fmt: skip
