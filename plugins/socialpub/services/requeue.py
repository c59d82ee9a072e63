"""Giving failed and missed posts another chance, one by one or all of a Page or of one error."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session, joinedload

from socialpub.db.engine import transaction
from socialpub.db.posts import schedule_draft
from socialpub.errors import PostNotReadyError
from socialpub.models import DraftStatus, EventPostDraft, PostStatus, PublishAttempt, ScheduledPublish
from socialpub.services.resolve import lock_post


def requeue(
    engine: Engine,
    *,
    post_ids: Sequence[UUID] = (),
    page_id: str | None = None,
    error_class: str | None = None,
    pace: timedelta,
    actor: str,
) -> list[str]:
    """Schedule the drafts of failed and missed posts anew, those of one Page `pace` apart; returns a line each.

    The old rows stay as they are. With `post_ids`, each must be failed or missed; otherwise the filters choose.
    """
    with transaction(engine, actor=actor) as session:
        for post_id in post_ids:
            _refuse_other_than_failed(lock_post(session, post_id))
        found = _find_failed(session, post_ids, error_class)
        posts = [post for post in found if page_id in (None, post.connection.page_id)]
        now, before = session.scalars(select(func.now())).one(), defaultdict[UUID, int](int)
        lines = []
        for post in posts:
            publish_at = now + pace * before[post.connection_id]
            before[post.connection_id] += 1
            schedule_draft(session, post.draft_id, publish_at=publish_at, actor=actor)
            lines.append(f"“{post.draft.title}” for {post.connection} goes out at {publish_at:%Y-%m-%d %H:%M:%S} UTC.")
        return lines


def _refuse_other_than_failed(post: ScheduledPublish) -> None:
    if post.status not in (PostStatus.FAILED, PostStatus.MISSED) or post.draft.status != DraftStatus.FAILED:
        raise PostNotReadyError(
            f"Scheduled post {post.id} is “{post.status}”, its draft “{post.draft.status}”.",
            next_step="only failed and missed posts are requeued, and only while nobody scheduled them again.",
        )


def _find_failed(session: Session, post_ids: Sequence[UUID], error_class: str | None) -> Iterable[ScheduledPublish]:
    """The newest post of each draft: one may have failed more than once."""
    chosen = (
        select(ScheduledPublish)
        .join(ScheduledPublish.draft)
        .where(
            ScheduledPublish.status.in_((PostStatus.FAILED, PostStatus.MISSED)),
            EventPostDraft.status == DraftStatus.FAILED,
        )
        .options(joinedload(ScheduledPublish.connection), joinedload(ScheduledPublish.draft))
        .order_by(ScheduledPublish.publish_at)
    )
    if post_ids:
        chosen = chosen.where(ScheduledPublish.id.in_(post_ids))
    if error_class:
        chosen = chosen.where(ScheduledPublish.attempts.any(PublishAttempt.error_class == error_class))
    return {post.draft_id: post for post in session.scalars(chosen)}.values()
