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
    "id,message,created_time,permalink_url,is_published,application{id},attachments{media_type,unshimmed_url,url}"
)
# Valid in JSON, but no UTF-8 text column takes them: NUL, and half a surrogate pair.
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_SHIM_HOSTS = ("l.facebook.com", "lm.facebook.com")


@dataclass(frozen=True, slots=True)
class PagePost:
    """A post on a Page. What Facebook did not give is None; `created_time` is aware, in whole seconds."""

    id: str
    message: str | None = field(repr=False)
    created_time: datetime | None
    permalink_url: str | None
    application_id: str | None
    link: str | None
    is_published: bool | None


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
    attachments = node.get("attachments")
    entries = attachments.get("data") if isinstance(attachments, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        url = parse_text(entry.get("unshimmed_url") or entry.get("url")) if isinstance(entry, dict) else None
        if url:
            yield _unwrap(url)


def _unwrap(url: str) -> str:
    """The target of a link that Facebook leads through its own redirector."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    targets = parse_qs(parts.query).get("u") if parts.hostname in _SHIM_HOSTS else None
    return targets[0] if targets else url
