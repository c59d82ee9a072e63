"""`GET` and `DELETE /{photo}`: one photo read or deleted, and how it reads."""

from __future__ import annotations

from typing import Any

from graph_sandbox.attachments import photo_address
from graph_sandbox.errors import missing_object, refuse_reading
from graph_sandbox.fields import Fields, parse_fields, pick
from graph_sandbox.media import Photo
from graph_sandbox.params import read_text, refuse_unknown
from graph_sandbox.post_node import graph_time
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.tokens import authenticate, require_publisher, require_same_page

_DEFAULT_FIELDS: Fields = {"created_time": None, "name": None, "id": None}
_EMPTY_NODE: dict[str, Any] = {
    **dict.fromkeys(
        ("id", "name", "alt_text", "alt_text_custom", "created_time", "updated_time", "link", "page_story_id")
    ),
    "from": {"id": "", "name": ""},
    "images": [{"source": "", "height": None, "width": None}],
}


def read_photo(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return one photo."""
    photo = _find_photo(world, request)
    refuse_unknown(request.params, frozenset())
    fields = read_photo_fields(request)
    return render_photo(world, photo, fields or _DEFAULT_FIELDS, base_url=request.base_url)


def delete_photo(world: World, request: GraphRequest) -> dict[str, Any]:
    """Delete a photo; a post that showed nothing else goes with it."""
    photo = _find_photo(world, request)
    require_publisher(world.pages[photo.page_id], authenticate(world, request))
    refuse_unknown(request.params, frozenset())
    world.delete_photo(photo)
    request.arrival.committed = photo.id
    return {"success": True}


def read_photo_fields(request: GraphRequest) -> Fields | None:
    """Return the asked fields of photos.

    Raises:
        GraphFault: code 100 for a field that photos do not have.
    """
    text = read_text(request.params, "fields")
    if not text:
        return None
    fields = parse_fields(text)
    pick(_EMPTY_NODE, fields)
    return fields


def render_photo(world: World, photo: Photo, fields: Fields, *, base_url: str) -> dict[str, Any]:
    """Return a photo with the asked fields."""
    address = photo_address(photo, base_url)
    node = {
        "id": photo.id,
        "name": photo.caption,
        "alt_text": photo.alt_text,
        "alt_text_custom": photo.alt_text,
        "created_time": graph_time(photo.uploaded_at),
        "updated_time": graph_time(photo.uploaded_at),
        "link": address,
        "page_story_id": photo.post_id,
        "from": {"id": photo.page_id, "name": world.pages[photo.page_id].name},
        "images": [{"source": address, "height": None, "width": None}],
    }
    return pick(node, fields)


def _find_photo(world: World, request: GraphRequest) -> Photo:
    token = authenticate(world, request)
    photo = world.find_photo(request.node)
    if photo is None:
        raise missing_object(request.method, request.node)
    require_same_page(request, token, photo.page_id)
    if "pages_read_engagement" not in token.scopes:
        refuse_reading("pages_read_engagement")
    return photo


ROUTES = {("GET", "photo"): read_photo, ("DELETE", "photo"): delete_photo}
