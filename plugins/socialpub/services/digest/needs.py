"""What waits for a person, in words: the digest tells it in the morning, the console at any time."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from socialpub.graph.redaction import clean_text
from socialpub.models import PostStatus
from socialpub.services.notices.read_notice import format_instant, split_reason


def describe_need(row: Row[Any], zone: str) -> tuple[str, str]:
    """What happened, and what to do if its reason says so (else ""). `row` is one of `read_needs`."""
    title, since = clean_text(row.title), format_instant(row.since, zone)
    reason, next_step = split_reason(row.reason or "")
    reason = reason.rstrip(".")
    if row.kind == "draft":
        return f"“{title}” waits for approval since {since}.", "approve or reject it."
    if row.kind == "comment":
        words = f"The first comment of “{title}” failed at {since}; the post is live: {reason}."
        return words, next_step or "comment by hand on the post."
    if row.status == PostStatus.UNCONFIRMED:
        return f"“{title}” of {since} may be live: {reason}.", next_step
    if row.status == PostStatus.PENDING:
        return f"“{title}” of {since} is held: {reason}.", next_step or "settle the reason."
    what = "failed" if row.status == PostStatus.FAILED else "came too late"
    return f"“{title}” of {since} {what}: {reason}.", next_step
