"""One post with everything that happened to it, as lines for a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, or_, select
from sqlalchemy.orm import Session

from socialpub.db.engine import transaction
from socialpub.errors import UnknownPostError
from socialpub.models import AuditLogEntry, DraftAsset, PublishAttempt, ScheduledPublish
from socialpub.services.resolve import match_facebook_post

_PARAMETERS = ("story_fbid", "fbid", "v")
_WORD = re.compile(r"(?=.*\d)[\w-]{1,200}", re.ASCII)  # A number or a pfbid; "posts" is no post's.


def show(engine: Engine, wanted: str) -> list[str]:
    """`wanted` is the id of a scheduled post, the id or address of its live post, or an fbtrace_id of an attempt.

    Raises `UnknownPostError`.
    """
    with transaction(engine, actor="show") as session:
        post = _find_post(session, wanted.strip())
        if post is None:
            raise UnknownPostError(
                f"No scheduled post has the id, address or fbtrace_id {wanted.strip()[:200]}.",
                next_step="copy it from social_scheduled_posts, from the Page, or from a line of the log.",
            )
        history = session.scalars(
            select(AuditLogEntry).where(AuditLogEntry.entity_id == post.id).order_by(AuditLogEntry.id)
        )
        return [*_describe(post), *map(_attempt_line, post.attempts), *map(_audit_line, history)]


def _find_post(session: Session, wanted: str) -> ScheduledPublish | None:
    try:
        return session.get(ScheduledPublish, UUID(wanted))
    except ValueError:
        pass  # No id of ours.
    posts = select(ScheduledPublish)
    if live := match_facebook_post(wanted):
        posts = posts.where(ScheduledPublish.facebook_post_id == live)
    elif word := _read_address(wanted):
        posts = posts.where(_has_address(word))
    else:
        posts = posts.join(PublishAttempt).where(PublishAttempt.fbtrace_id == wanted)
    return session.scalars(posts.limit(1)).first()


def _read_address(text: str) -> str | None:
    """What tells one address of Facebook's from another, without the host, tracking and slashes around it."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    query = parse_qs(parts.query)
    named = next((query[name][0] for name in _PARAMETERS if name in query), None)
    word = named or parts.path.rstrip("/").rpartition("/")[2]
    return word if _WORD.fullmatch(word) else None


def _has_address(word: str) -> ColumnElement[bool]:
    """A person can wait for a search of all posts. A video's address has the number of the video, not of the post."""
    stored = ScheduledPublish.permalink_url.regexp_match(f"(/|[?&]({'|'.join(_PARAMETERS)})=){word}/?([?&#]|$)")
    media = select(DraftAsset.draft_id).where(DraftAsset.facebook_media_id == word)
    live = ScheduledPublish.facebook_post_id.is_not(None)
    return or_(stored, ScheduledPublish.facebook_post_id.endswith(f"_{word}", autoescape=True),
               live & ScheduledPublish.draft_id.in_(media))  # fmt: skip


def _describe(post: ScheduledPublish) -> Iterator[str]:
    yield f"“{post.draft.title}” for {post.connection}"
    yield f"  id          {post.id}"
    yield f"  status      {post.status}" + (f": {post.status_reason}" if post.status_reason else "")
    yield f"  planned     {post.publish_at:%Y-%m-%d %H:%M:%S %Z}"
    if post.next_attempt_at:
        yield f"  next try    {post.next_attempt_at:%Y-%m-%d %H:%M:%S %Z}"
    if post.claimed_by:
        yield f"  owned by    {post.claimed_by} until {post.lease_expires_at:%H:%M:%S %Z}"
    if post.facebook_post_id:
        yield f"  live as     {post.facebook_post_id} {post.permalink_url or ''}".rstrip()


def _attempt_line(attempt: PublishAttempt) -> str:
    words = f": {attempt.error_message}" if attempt.error_message else ""
    words += f" (fbtrace_id {attempt.fbtrace_id})" if attempt.fbtrace_id and attempt.fbtrace_id not in words else ""
    return (
        f"  attempt {attempt.attempt_number}   {attempt.outcome or 'open'} in {attempt.dag_id}/{attempt.run_id}{words}"
    )


def _audit_line(entry: AuditLogEntry) -> str:
    return f"  {entry.occurred_at:%Y-%m-%d %H:%M:%S %Z}  {entry.action} by {entry.actor}"
