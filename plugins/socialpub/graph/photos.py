"""Photos of a Page: uploaded unpublished, so that the post which shows them is one small request at its second."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from socialpub.graph.answers import parse_id, require_id
from socialpub.graph.client import GraphClient
from socialpub.graph.media import MediaFile
from socialpub.graph.nodes import read_node
from socialpub.graph.page_post import parse_instant
from socialpub.graph.prepare import Order
from socialpub.models.secret import Secret


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that Facebook has. One that no post shows is deleted after about 24 hours (Page photos)."""

    id: str
    created_time: datetime | None
    is_published: bool


def upload_photo(
    client: GraphClient,
    page_id: str,
    token: Secret,
    source: MediaFile | str,
    *,
    alt_text: str | None = None,
    caption: str | None = None,
    is_temporary: bool = False,
) -> str:
    """Upload one photo, from a file or from a public URL, and return its id; nobody sees it yet.

    `is_temporary` is what the photos of a natively scheduled post have to be. Whatever is unclear is a `TryAgainError`:
    sending again harms nobody, but may leave a photo that Facebook deletes after about 24 hours.
    Source: Graph API reference, Page photos.
    """
    form = {
        "published": False,
        "temporary": True if is_temporary else None,
        "alt_text_custom": alt_text,
        "caption": caption,
        "url": source if isinstance(source, str) else None,
    }
    files = {"source": source} if isinstance(source, MediaFile) else {}
    order = Order("POST", f"{page_id}/photos", form=form, files=files, is_repeatable=True)
    prepared = client.prepare(order, token)
    return require_id(prepared.call, client.send(prepared))


def read_photo(client: GraphClient, photo_id: str, token: Secret) -> Photo | None:
    """Whether a photo still exists, and whether a live post shows it; None when Facebook has it no more.

    The documentation gives `page_story_id` to published photos only, other clients found it on unpublished ones too; so
    the post it names is asked. Raises a `GraphError`. Source: Graph API reference, Photo.
    """
    response = read_node(client, photo_id, token, fields="id,created_time,page_story_id")
    if response is None:
        return None
    story_id = parse_id(response.body.get("page_story_id"))
    story = read_node(client, story_id, token, fields="id,is_published") if story_id else None
    is_published = story is not None and story.body.get("is_published") is True
    return Photo(photo_id, parse_instant(response.body.get("created_time")), is_published)
