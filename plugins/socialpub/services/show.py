"""One post with everything that happened to it, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Engine, select

from socialpub.db.engine import transaction
from socialpub.errors import UnknownPostError
from socialpub.models import AuditLogEntry, PublishAttempt, ScheduledPublish


def show(engine: Engine, post_id: UUID) -> list[str]:
    """Raises `UnknownPostError`."""
    with transaction(engine, actor="show") as session:
        post = session.get(ScheduledPublish, post_id)
        if post is None:
            raise UnknownPostError(
                f"No scheduled post has the id {post_id}.", next_step="copy it from social_scheduled_posts.id."
            )
        history = session.scalars(
            select(AuditLogEntry).where(AuditLogEntry.entity_id == post_id).order_by(AuditLogEntry.id)
        )
        return [*_describe(post), *map(_attempt_line, post.attempts), *map(_audit_line, history)]


def _describe(post: ScheduledPublish) -> Iterator[str]:
    yield f"“{post.draft.title}” for {post.connection}"
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
    return (
        f"  attempt {attempt.attempt_number}   {attempt.outcome or 'open'} in {attempt.dag_id}/{attempt.run_id}{words}"
    )


def _audit_line(entry: AuditLogEntry) -> str:
    return f"  {entry.occurred_at:%Y-%m-%d %H:%M:%S %Z}  {entry.action} by {entry.actor}"
