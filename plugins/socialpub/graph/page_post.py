"""A post as Facebook shows it, read from JSON that is not trusted to be complete."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

# `link` itself is no field of a post since v3.3; the attachments hold it (Graph API reference, Page post).
POST_FIELDS = (
    "id,message,created_time,permalink_url,is_published,scheduled_publish_time,application{id},"
    "attachments{media_type,target{id},unshimmed_url,url,subattachments{media_type,target{id}}}"
)
# Valid in JSON, but no UTF-8 text column takes them: NUL, and half a surrogate pair.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_MEDIA_TYPES = ("photo", "video")
_SHIM_HOSTS = ("l.facebook.com", "lm.facebook.com")


@dataclass(frozen=True, slots=True)
class PagePost:
    """A post on a Page. What Facebook did not give is None; instants are aware, in whole seconds.

    `media_ids` are the photos and videos it shows, in order.
    `scheduled_publish_time` is when Facebook will publish it; None as soon as it is live.
    """

    id: str
    message: str | None = field(repr=False)
    created_time: datetime | None
    permalink_url: str | None
    application_id: str | None
    link: str | None
    is_published: bool | None
    media_ids: tuple[str, ...] = ()
    scheduled_publish_time: datetime | None = None


def parse_page_post(node: Any) -> PagePost | None:  # noqa: ANN401 - JSON of a shape we do not trust
    """The post, or None when the node has no id."""
    post_id = parse_text(node.get("id")) if isinstance(node, dict) else None
    if not post_id:
        return None
    application = node.get("application")
    is_published = node.get("is_published")
    return PagePost(
        post_id,
        parse_text(node.get("message")),
        parse_instant(node.get("created_time")),
        parse_text(node.get("permalink_url")),
        parse_text(application.get("id")) if isinstance(application, dict) else None,
        next(_links(node), None),
        is_published if isinstance(is_published, bool) else None,
        tuple(_media_ids(node)),
        parse_instant(node.get("scheduled_publish_time")),
    )


def parse_text(value: Any) -> str | None:  # noqa: ANN401 - JSON of a shape we do not trust
    """Storable text, or a number as text (ids come as both); None for anything else and for ""."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) and value else None


def parse_instant(value: Any) -> datetime | None:  # noqa: ANN401 - JSON of a shape we do not trust
    """`2019-05-17T16:24:04+0000` or Unix seconds as an aware instant in UTC; None when it is neither."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        instant = datetime.fromisoformat(value)
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _links(node: dict[str, Any]) -> Iterator[str]:
    if link := parse_text(node.get("link")):
        yield link
    for entry in _entries(node.get("attachments")):
        if url := parse_text(entry.get("unshimmed_url") or entry.get("url")):
            yield _unwrap(url)


def _media_ids(node: dict[str, Any]) -> Iterator[str]:
    """Ids of photos and videos; an album is one attachment whose subattachments are its photos."""
    for entry in _entries(node.get("attachments")):
        for shown in _entries(entry.get("subattachments")) or [entry]:
            target = shown.get("target") if shown.get("media_type") in _MEDIA_TYPES else None
            if isinstance(target, dict) and (media_id := parse_text(target.get("id"))):
                yield media_id


def _entries(attachments: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON of a shape we do not trust
    data = attachments.get("data") if isinstance(attachments, dict) else None
    return [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []


def _unwrap(url: str) -> str:
    """The target of a link that Facebook leads through its own redirector."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    targets = parse_qs(parts.query).get("u") if parts.hostname in _SHIM_HOSTS else None
    return targets[0] if targets else url
