"""What a person does by hand: claim one post at once, or look at the request it would be."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from socialpub.db import posts as statements
from socialpub.db.engine import transaction
from socialpub.db.posts import Run
from socialpub.errors import IllegalMoveError, PostNotReadyError, UnknownPostError
from socialpub.graph.posts import FeedRequest, build_feed_request
from socialpub.models import EventPostDraft, PostStatus, ScheduledPublish
from socialpub.services.arm import LoadedPost, read_posts

_OVER = (PostStatus.FAILED, PostStatus.CANCELED, PostStatus.MISSED)


def claim_post_by_hand(engine: Engine, run: Run, wanted: UUID, *, actor: str, reason: str, lease: timedelta) -> UUID:
    """Claim the scheduled post `wanted`, or the schedule of draft `wanted`, made now if the approved draft has none.

    Returns the scheduled post's id. Raises `UnknownPostError` or `PostNotReadyError`; nothing has changed then.
    """
    with transaction(engine, actor=actor) as session:
        post = _find_post(session, wanted) or _schedule_draft(session, wanted, actor=actor)
        if post.status == PostStatus.UNCONFIRMED:
            return post.id  # It is looked up first, and sent again only if that proves it absent.
        if not statements.claim_post_now(session, run, post.id, actor=actor, reason=reason, lease=lease):
            raise PostNotReadyError(
                f"Scheduled post {post.id} is “{post.status}”: {post.status_reason or 'a run has it'}.",
                next_step="only a pending post can be published now; look at its run, or reschedule a final one.",
            )
        return post.id


def show_request(engine: Engine, wanted: UUID) -> tuple[LoadedPost, FeedRequest]:
    """The post and the exact request, without its token. Raises `UnknownPostError` when nothing is scheduled."""
    with transaction(engine, actor="dry run") as session:
        post = _find_post(session, wanted)
        if post is None:
            raise _unknown(wanted, "schedule the approved draft first, a dry run changes nothing.")
        [loaded] = read_posts(session, [post.id])
    return loaded, build_feed_request(loaded.page.page_id, loaded.content)


def _find_post(session: Session, wanted: UUID) -> ScheduledPublish | None:
    """By its own id, else the newest schedule of the draft with that id that is not over."""
    by_id = session.get(ScheduledPublish, wanted)
    if by_id is not None:
        return by_id
    newest = session.scalars(
        select(ScheduledPublish)
        .where(ScheduledPublish.draft_id == wanted)
        .order_by(ScheduledPublish.created_at.desc())
        .limit(1)
    ).first()
    return None if newest is None or newest.status in _OVER else newest


def _schedule_draft(session: Session, wanted: UUID, *, actor: str) -> ScheduledPublish:
    draft = session.get(EventPostDraft, wanted)
    if draft is None:
        raise _unknown(wanted, "copy the id from the backoffice, or from social_scheduled_posts.id.")
    try:
        publish_at = draft.schedule(session.scalars(select(func.now())).one()).publish_at
    except IllegalMoveError as error:
        raise PostNotReadyError(error.message, next_step="let the draft be approved first.") from error
    post_id = statements.schedule_draft(session, draft.id, publish_at=publish_at, actor=actor)
    return session.get_one(ScheduledPublish, post_id)


def _unknown(wanted: UUID, next_step: str) -> UnknownPostError:
    return UnknownPostError(
        f"No scheduled post and no draft ready to publish has the id {wanted}.", next_step=next_step
    )
