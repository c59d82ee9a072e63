"""What Facebook's webhook delivers: whether it is signed by our app, and which changes it reports.

Source: Webhooks, Getting started (signature, delivery) and Webhooks for Pages (values of the field `feed`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from socialpub.graph.page_post import PagePost, parse_instant, parse_text
from socialpub.models.secret import Secret

_SCHEME = "sha256="
# Kinds of feed items that are posts, or become one; the others lie below a post or beside it.
_POSTS = frozenset({"status", "post", "photo", "video", "share", "album", "link"})


@dataclass(frozen=True, slots=True)
class PageEvent:
    """One change on a Page. `dedupe_key` is the same each time that Facebook delivers it; `happened_at` is aware."""

    page_id: str
    verb: str
    post_id: str | None
    is_post: bool
    happened_at: datetime
    dedupe_key: str
    value: dict[str, Any] = field(repr=False)

    @property
    def is_live(self) -> bool:
        """Whether it tells that a post of the Page's own has become visible."""
        is_add = self.verb == "add" and self.is_post and self.post_id is not None
        return is_add and self.value.get("published") != 0 and self._is_by_page()

    @property
    def is_removal(self) -> bool:
        return self.verb == "remove" and self.is_post and self.post_id is not None

    def _is_by_page(self) -> bool:
        """Visitors write on Pages too."""
        author = self.value.get("from")
        return not isinstance(author, dict) or parse_text(author.get("id")) in (None, self.page_id)


def sign_delivery(body: bytes, app_secret: Secret) -> str:
    """The value of `X-Hub-Signature-256` for these raw bytes."""
    return _SCHEME + hmac.new(app_secret.reveal().encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, signature: str, app_secret: Secret) -> bool:
    """Whether `signature` is our app's over exactly these bytes; takes as long for a near miss as for any other."""
    return hmac.compare_digest(sign_delivery(body, app_secret).encode(), signature.encode("utf-8", "replace"))


def read_events(body: bytes) -> list[PageEvent]:
    """The changes in a delivery; parts of a form we do not know are left out. Raises `ValueError` if it is no JSON."""
    try:
        delivery = json.loads(body, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(delivery, dict) or delivery.get("object") != "page":
        return []
    return [event for entry in _dicts(delivery.get("entry")) for event in _read_entry(entry)]


def describe_post(event: PageEvent) -> PagePost:
    """The post as far as the event shows it. It says nothing of the app, and of an album's photos only their URLs."""
    value = event.value
    shown = parse_text(value.get("photo_id")) or parse_text(value.get("video_id"))
    link = parse_text(value.get("link")) if value.get("item") in ("share", "link") else None
    return PagePost(
        event.post_id or "", parse_text(value.get("message")), event.happened_at, None, None, link, True,
        (shown,) if shown else (),
    )  # fmt: skip


def read_stored(page_id: str, value: dict[str, Any], happened_at: datetime) -> PageEvent:
    """An event as it was stored."""
    return _make_event(page_id, value, happened_at)


def _read_entry(entry: dict[str, Any]) -> Iterator[PageEvent]:
    page_id, sent_at = parse_text(entry.get("id")), parse_instant(entry.get("time"))
    for change in _dicts(entry.get("changes")):
        value = _storable(change.get("value"))
        if page_id is None or change.get("field") != "feed" or not isinstance(value, dict):
            continue
        # An entry's time is when it was sent, which differs from one try to the next.
        happened_at = parse_instant(value.get("created_time")) or sent_at or datetime.now(UTC)
        yield _make_event(page_id, value, happened_at)


def _make_event(page_id: str, value: dict[str, Any], happened_at: datetime) -> PageEvent:
    same_each_time = json.dumps([page_id, value], sort_keys=True).encode()
    return PageEvent(
        page_id,
        parse_text(value.get("verb")) or "",
        parse_text(value.get("post_id")),
        value.get("item") in _POSTS,
        happened_at,
        hashlib.sha256(same_each_time).hexdigest(),
        value,
    )


def _storable(value: Any) -> Any:  # noqa: ANN401 - JSON of a shape we do not trust
    """The same without what jsonb does not take: NUL and halves of surrogate pairs."""
    if isinstance(value, str):
        return (parse_text(value) or "") if value else value
    if isinstance(value, list):
        return [_storable(part) for part in value]
    if isinstance(value, dict):
        return {_storable(name): _storable(part) for name, part in value.items()}
    return value


def _refuse_constant(name: str) -> Any:  # noqa: ANN401 - as json.loads declares it
    raise ValueError(f"{name} is no JSON")


def _dicts(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - JSON of a shape we do not trust
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []
