"""What is to be done beside publishing: first comments to post, media to delete. Triggers write the rows."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from socialpub.models.base import Base, WrittenNow
from socialpub.models.statuses import FirstCommentStatus

_OPEN = text("done_at is null")


class FirstComment(Base):
    """The comment that follows a published post; its text is the draft's, which can't change any more."""

    __tablename__ = "social_first_comments"
    __table_args__ = (
        Index("social_first_comments_waiting", "due_at", postgresql_where=text("status in ('pending', 'posting')")),
    )

    scheduled_post_id: Mapped[UUID] = mapped_column(ForeignKey("social_scheduled_posts.id"), primary_key=True)
    due_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(server_default=FirstCommentStatus.PENDING)
    attempts: Mapped[int] = mapped_column(server_default="0")
    comment_id: Mapped[str | None]
    reason: Mapped[str | None]
    created_at: Mapped[WrittenNow]
    updated_at: Mapped[WrittenNow] = mapped_column(server_onupdate=FetchedValue())


class MediaCleanup(Base):
    """Something of ours at Facebook that nobody needs any more: an upload, or a native scheduled post."""

    __tablename__ = "social_media_cleanups"
    __table_args__ = (
        Index("one_open_cleanup_per_media", "connection_id", "media_id", unique=True, postgresql_where=_OPEN),
        Index("social_media_cleanups_waiting", "not_before", postgresql_where=_OPEN),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("facebook_page_connections.id"))
    media_id: Mapped[str]
    """The id to delete: of a photo, a video, or a post."""
    kind: Mapped[str]
    upload_session_id: Mapped[str | None]
    """The upload of the video, if it may still be under way."""
    reason: Mapped[str]
    created_at: Mapped[WrittenNow]
    not_before: Mapped[WrittenNow]
    attempts: Mapped[int] = mapped_column(server_default="0")
    done_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
