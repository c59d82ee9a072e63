"""The events of one message, read as they stand now and put in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row
from sqlalchemy.orm import Session

from socialpub.db.notifications import describe_events
from socialpub.graph.error_codes import look_up
from socialpub.graph.redaction import clean_text
from socialpub.models import PostStatus
from socialpub.services.notices.links import Link, LinkMaker, Target
from socialpub.services.notices.notice import Notice, NoticeItem
from socialpub.services.notices.wording import Wording, find_wording

_TROUBLE = ("SocialPublishFailedEvent", "SocialPublishUnconfirmedEvent", "SocialPublishMissedEvent")
# Told in places of their own, or of no use to a reader.
_TOLD_ELSEWHERE = {
    "title", "reason", "publish_at", "permalink_url", "page_id", "page_name", "actor", "approver", "comment",
    "reconnect_path", "reconnect_url", "expires_at", "days_left", "problem", "until", "posts", "oldest_due_at",
}  # fmt: skip
_WEB_ADDRESS = re.compile(r"https?://[^\s<>|\"]+")
_SECRET_NAME = re.compile("token|secret|password|key", re.IGNORECASE)


def read_notice(session: Session, notification_id: UUID, links: LinkMaker, *, public_url: str, doubts: int) -> Notice:
    """Raises what `transaction` raises. `public_url` is the address of the plugin's own pages."""
    events = describe_events(session, notification_id)
    wording = find_wording(events[0].event)
    items = tuple(_item(event, wording, links, public_url) for event in events)
    template = wording.one if len(items) == 1 else wording.many
    first = items[0]
    return Notice(
        headline=template.format(title=first.title or first.page, count=len(items), page=first.page or "?"),
        tone=wording.tone,
        larp=clean_text(events[0].larp or ""),
        items=items,
        next_step=wording.next_step,
        is_repeated=doubts > 0,
    )


def _item(event: Row[Any], wording: Wording, links: LinkMaker, public_url: str) -> NoticeItem:
    payload = event.payload
    cause, next_step = _cause(event)
    return NoticeItem(
        title=clean_text(str(event.title or payload.get("title") or "")),
        page=clean_text(str(event.page_name or payload.get("page_name") or "")),
        when=format_instant(event.publish_at, event.time_zone),
        cause=cause,
        codes=_codes(event) if event.event in _TROUBLE else "",
        next_step=next_step if next_step != wording.next_step else "",
        remark="; ".join(_remarks(event)),
        links=tuple(_links(event, links, public_url)),
    )


def _cause(event: Row[Any]) -> tuple[str, str]:
    """Why, in plain words first and in Facebook's own after them; and what to do about it."""
    if event.event not in _TROUBLE:
        return split_reason(str(event.payload.get("reason") or ""))
    words, next_step = split_reason(event.payload.get("reason") or event.error_message or "")
    if event.error_code is None:
        return words, next_step
    known = look_up(event.error_code, event.error_subcode)
    return clean_text(f"{known.meaning.rstrip('.')}. Facebook: {words}"), next_step or known.next_step


def split_reason(reason: str) -> tuple[str, str]:
    """Reasons are errors as text: what happened, then "Next:" and what to do."""
    words, _, next_step = reason.partition(" Next: ")
    return clean_text(words), clean_text(next_step)


def _codes(event: Row[Any]) -> str:
    numbers = "/".join(str(n) for n in (event.error_code, event.error_subcode) if n is not None)
    known = (
        f"code {numbers}" if numbers else "",
        f"HTTP {event.http_status}" if event.http_status else "",
        f"fbtrace_id {clean_text(event.fbtrace_id)}" if event.fbtrace_id else "",
    )
    return ", ".join(part for part in known if part)


def _remarks(event: Row[Any]) -> Iterator[str]:
    payload = event.payload
    if who := payload.get("approver") or payload.get("actor"):
        yield f"by {clean_text(str(who))}"
    if comment := payload.get("comment"):
        yield f"“{clean_text(str(comment))}”"
    if until := payload.get("until"):
        yield f"until {format_instant(datetime.fromisoformat(str(until)), event.time_zone)}"
    if ends := payload.get("expires_at"):
        yield f"it ends {format_instant(datetime.fromisoformat(str(ends)), event.time_zone)}"
    if posts := payload.get("posts"):
        since = format_instant(datetime.fromisoformat(str(payload["oldest_due_at"])), event.time_zone)
        yield f"{posts} posts, the oldest since {since}"
    if event.event in _TROUBLE and event.status == PostStatus.PUBLISHED:
        yield "meanwhile it is live"
    for name, value in payload.items():
        if name not in _TOLD_ELSEWHERE and isinstance(value, str | int | float) and not _SECRET_NAME.search(name):
            yield f"{name.replace('_', ' ')}: {clean_text(str(value))}"


def _links(event: Row[Any], links: LinkMaker, public_url: str) -> Iterator[Link]:
    if event.permalink_url:
        yield links.make(Target.LIVE_POST, event.scheduled_post_id, "Live post")
    if event.draft_id:
        yield links.make(Target.DRAFT, event.draft_id, "Draft")
    if event.run_id and event.event.startswith("SocialPublish"):
        yield links.make(Target.AIRFLOW_RUN, event.scheduled_post_id, "Airflow task")
    path, url = str(event.payload.get("reconnect_path") or ""), str(event.payload.get("reconnect_url") or "")
    if path.startswith("/"):
        url = f"{public_url}{path}"
    if _WEB_ADDRESS.fullmatch(url):
        yield Link("Reconnect", url)


def format_instant(instant: datetime | None, zone: str | None) -> str:
    """`Sat 2027-03-27 14:05 CET`; nothing for no instant. A time that comes twice a year is told by its zone's name."""
    if instant is None:
        return ""
    local = instant.astimezone(ZoneInfo(zone or "UTC"))
    return f"{local:%a %Y-%m-%d %H:%M} {name_zone(local)}"


def name_zone(local: datetime) -> str:
    """CET, CEST; where the zone has no letters of its own, its name and offset."""
    name = local.tzname() or ""
    if name.isalpha():
        return name
    offset = local.strftime("%z")
    return f"{getattr(local.tzinfo, 'key', '')} (UTC{offset[:3]}:{offset[3:5]})"
