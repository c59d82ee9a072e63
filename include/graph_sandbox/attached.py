"""`attached_media`: which photos a post may show (D-PHOTOS, Multi-photo)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from graph_sandbox.entities import Page, Post
from graph_sandbox.errors import GraphFault, invalid_parameter
from graph_sandbox.media import Photo
from graph_sandbox.params import read_objects
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World


def read_attached(world: World, page: Page, request: GraphRequest, *, post: Post | None = None) -> tuple[Photo, ...]:
    """Return the photos a request attaches, in its order; those that `post` shows already may be named again.

    Raises:
        GraphFault: code 100 for anything but unpublished photos of this Page that nothing else uses and that are still
            there (subcode 1366051 for photos already posted), for one named twice, and for too many.
    """
    items = read_objects(request.params, "attached_media")
    ids = [_read_id(item) for item in items]
    if len(set(ids)) < len(ids):
        raise invalid_parameter("Param attached_media must not name a photo twice")
    if len(ids) > world.settings.max_attached_media:
        raise invalid_parameter(f"Param attached_media must have at most {world.settings.max_attached_media} elements")
    return tuple(_find_photo(world, page, photo_id, post) for photo_id in ids)


def require_temporary(photos: Iterable[Photo]) -> None:
    """Demand that the photos of a scheduled post were uploaded as temporary ones."""
    for photo in photos:
        if not photo.is_temporary:
            raise invalid_parameter(f"Photo {photo.id} in a scheduled post must have been uploaded with temporary=true")


def _read_id(item: dict[str, Any]) -> str:
    if set(item) - {"media_fbid"}:
        raise invalid_parameter("An element of attached_media has a key other than media_fbid")
    if not item:
        raise invalid_parameter("Missing parameter: media_fbid")
    return str(item["media_fbid"])


def _find_photo(world: World, page: Page, photo_id: str, post: Post | None) -> Photo:
    photo = world.find_photo(photo_id)
    if photo is None or photo.page_id != page.id:
        raise invalid_parameter(f"Invalid parameter: attached media {photo_id} does not exist")
    if photo.post_id is not None and (post is None or photo.post_id != post.id):
        raise GraphFault(100, "(#100) Invalid parameter: these photos were already posted", subcode=1366051)
    return photo
