"""What a post shows below its text: its `attachments` field."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from graph_sandbox.entities import Post
from graph_sandbox.media import Photo, Video
from graph_sandbox.state import World

_FIELDS: dict[str, Any] = {
    **dict.fromkeys(("media_type", "type", "title", "description", "url", "unshimmed_url")),
    "media": {"image": {"src": None, "height": None, "width": None}, "source": None},
    "target": {"url": None, "id": None},
}
ATTACHMENT_FIELDS: dict[str, Any] = {**_FIELDS, "subattachments": {"data": [_FIELDS]}}
"""An attachment with every field and no value."""


def photo_address(photo: Photo, base_url: str) -> str:
    """Return where people see a photo."""
    return f"{base_url}/pages/{photo.page_id}/photos/{photo.id}"


def render_attachments(world: World, post: Post, base_url: str) -> dict[str, Any] | None:
    """Return the attachments of a post, or None when it has only text."""
    photos = world.library.photos_of(post)
    if post.video_id is not None:
        return {"data": [_video(world.library.videos[post.video_id], base_url)]}
    if len(photos) > 1:
        return {"data": [_album(world, post, photos, base_url)]}
    if photos:
        return {"data": [_photo(photos[0], base_url)]}
    return {"data": [_link(post.link)]} if post.link else None


def _attachment(media_type: str, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    return {**dict.fromkeys(ATTACHMENT_FIELDS), "media_type": media_type, "type": media_type, **values}


def _album(world: World, post: Post, photos: list[Photo], base_url: str) -> dict[str, Any]:
    title = f"Photos from {world.pages[post.page_id].name}'s post"
    address = f"{base_url}/{post.page_id}/posts/{post.suffix}"
    inner = [_photo(photo, base_url) for photo in photos]
    return _attachment(
        "album",
        title=title,
        url=address,
        target={"id": post.suffix, "url": address},
        media=inner[0]["media"],
        subattachments={"data": inner},
    )


def _photo(photo: Photo, base_url: str) -> dict[str, Any]:
    address = photo_address(photo, base_url)
    target, image = {"id": photo.id, "url": address}, {"image": {"src": address, "height": None, "width": None}}
    return _attachment("photo", description=photo.caption, url=address, target=target, media={**image, "source": None})


def _video(video: Video, base_url: str) -> dict[str, Any]:
    address = f"{base_url}/{video.page_id}/videos/{video.id}"
    target = {"id": video.id, "url": address}
    texts = {"title": video.title, "description": video.description}
    return _attachment("video", url=address, target=target, **texts) | {"type": "video_inline"}


def _link(link: str) -> dict[str, Any]:
    """Return the attachment of a link post: Facebook wraps the address in its own redirect."""
    wrapped = f"https://l.facebook.com/l.php?u={quote(link, safe='')}&h=AT0sandbox&s=1"
    target = {"url": wrapped, "id": None}
    return _attachment("link", title=link, unshimmed_url=link, url=wrapped, target=target) | {"type": "share"}
