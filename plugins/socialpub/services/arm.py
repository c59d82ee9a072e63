"""Loading a lane's posts before their second, so that the moment itself costs one HTTP request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, joinedload, selectinload

from socialpub.db import posts as statements
from socialpub.db.engine import transaction
from socialpub.db.patience import wait_for_database
from socialpub.db.posts import Run
from socialpub.graph.posts import FeedPost
from socialpub.models import (
    AssetType,
    DraftAsset,
    EventPostDraft,
    FacebookPageConnection,
    PostStatus,
    PublishAttempt,
    ScheduledPublish,
)


@dataclass(frozen=True, slots=True)
class LoadedPost:
    """All that is needed of a post to send it, look it up, or talk about it."""

    id: UUID
    status: PostStatus
    status_reason: str | None
    claimed_by: str | None
    draft_id: UUID
    title: str
    page: FacebookPageConnection
    time_zone: str
    publish_at: datetime
    due_at: datetime
    content_hash: str
    content: FeedPost
    """With the photos that are uploaded so far."""
    assets: tuple[DraftAsset, ...]
    facebook_post_id: str | None
    permalink_url: str | None
    attempt: PublishAttempt | None
    """The newest attempt."""
    tries_used: int

    @property
    def name(self) -> str:
        """How messages speak of the post."""
        return f"“{self.title}” for {self.page} (scheduled post {self.id})"

    @property
    def video(self) -> DraftAsset | None:
        """The one asset of a video post."""
        return next((asset for asset in self.assets if asset.type == AssetType.VIDEO), None)

    def is_processed(self, run: str) -> bool:
        """Whether it is a video that this run has sent, so that Facebook has to be asked how far it is."""
        return self.status == PostStatus.PUBLISHING and self.claimed_by == run and self.video is not None


@wait_for_database
def load_posts(engine: Engine, run: Run, post_ids: Sequence[UUID], *, is_working: bool = True) -> list[LoadedPost]:
    """The lane's posts in the order given. With `is_working`, a retry's next attempt is opened on the way."""
    with transaction(engine, actor=str(run)) as session:
        if is_working:
            statements.open_attempts(session, run, post_ids)
        return read_posts(session, post_ids)


def read_posts(session: Session, post_ids: Sequence[UUID]) -> list[LoadedPost]:
    loaded = {post.id: _loaded(post) for post in _read(session, post_ids)}
    return [loaded[post_id] for post_id in post_ids if post_id in loaded]


def _read(session: Session, post_ids: Sequence[UUID]) -> Sequence[ScheduledPublish]:
    return session.scalars(
        select(ScheduledPublish)
        .where(ScheduledPublish.id.in_(post_ids))
        .options(
            joinedload(ScheduledPublish.draft).options(
                joinedload(EventPostDraft.larp), selectinload(EventPostDraft.assets)
            ),
            joinedload(ScheduledPublish.connection),
            selectinload(ScheduledPublish.attempts),
        )
    ).all()


def _loaded(post: ScheduledPublish) -> LoadedPost:
    draft = post.draft
    return LoadedPost(
        id=post.id,
        status=PostStatus(post.status),
        status_reason=post.status_reason,
        claimed_by=post.claimed_by,
        draft_id=draft.id,
        title=draft.title,
        page=post.connection,
        time_zone=draft.larp.time_zone,
        publish_at=post.publish_at,
        due_at=post.due_at,
        content_hash=draft.content_hash,
        content=build_content(draft.body, draft.link, draft.assets),
        assets=tuple(draft.assets),
        facebook_post_id=post.facebook_post_id,
        permalink_url=post.permalink_url,
        attempt=post.attempts[-1] if post.attempts else None,
        tries_used=post.tries_used,
    )


def build_content(body: str, link: str | None, assets: Sequence[DraftAsset]) -> FeedPost:
    photos = (asset.facebook_media_id for asset in assets if asset.type == AssetType.PHOTO)
    return FeedPost(body or None, link, tuple(photo_id for photo_id in photos if photo_id))
