"""A post that Facebook holds for us, as its row says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from socialpub.db.assets import Upload, add_cleanup, save_upload
from socialpub.db.engine import transaction
from socialpub.models import CleanupKind, LatenessRule, PostStatus, ScheduledPublish, UploadState
from socialpub.services.arm import LoadedPost, read_posts
from socialpub.services.publish import Publisher

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HeldPost:
    """A post of ours on Facebook's schedule."""

    post: LoadedPost
    node_id: str
    """Of the post; of the video as long as no post shows it."""
    due_at: datetime
    """When Facebook publishes it; `post.publish_at` is another time when a person has moved it since."""
    handed_over_at: datetime
    allowed_lateness: timedelta

    @property
    def name(self) -> str:
        return self.post.name


def load_held(publisher: Publisher, post_id: UUID) -> HeldPost | None:
    """None when Facebook does not hold the post (any more)."""
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        row = session.get_one(ScheduledPublish, post_id)
        if row.status != PostStatus.HANDED_OVER:
            return None
        assert row.facebook_post_id and row.handed_over_for and row.handed_over_at, "Facebook gave it an id for a time"
        [post] = read_posts(session, [post_id])
        return HeldPost(post, row.facebook_post_id, row.handed_over_for, row.handed_over_at, _allowed_lateness(row))


def settle(
    publisher: Publisher,
    held: HeldPost,
    change: Callable[[ScheduledPublish], None],
    *,
    is_gone: bool = False,
) -> None:
    """Write down what was seen, unless the row has moved on meanwhile. `is_gone` has its media uploaded anew."""
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        row = session.get_one(ScheduledPublish, held.post.id, with_for_update={"of": ScheduledPublish})
        if row.status != PostStatus.HANDED_OVER or row.facebook_post_id != held.node_id:
            log.info("%s is %s meanwhile", held.name, row.status)
            return
        change(row)
        if is_gone:
            _forget_uploads(session, held.post)
        log.info("%s is %s", held.name, row.status)


def _forget_uploads(session: Session, post: LoadedPost) -> None:
    """What was uploaded went with the post, or is of no use for another: temporary photos are for schedules only."""
    for asset in post.assets:
        if asset.facebook_media_id is None:
            continue
        if save_upload(session, asset.id, asset.upload_ticket, Upload(UploadState.NOT_UPLOADED)):
            add_cleanup(
                session,
                connection_id=post.page.id,
                media_id=asset.facebook_media_id,
                kind=CleanupKind(asset.type),
                reason="Facebook holds its post no longer.",
                upload_session_id=asset.upload_session_id,
            )


def _allowed_lateness(row: ScheduledPublish) -> timedelta:
    """As `miss_late_posts` reckons."""
    rule = row.lateness_rule or row.connection.lateness_rule
    if rule == LatenessRule.ALWAYS:
        return timedelta.max
    if rule == LatenessRule.NEVER:
        return timedelta(minutes=1)
    return timedelta(minutes=row.late_by_minutes or row.connection.late_by_minutes)
