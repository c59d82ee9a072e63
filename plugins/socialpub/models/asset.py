"""A photo or video of a draft, and how far its upload to Facebook has come."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from uuid import UUID

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from socialpub.models.base import Base, UuidKey, WrittenNow
from socialpub.models.statuses import UploadState


class DraftAsset(Base):
    """What editors write is in the draft's fingerprint; what the publisher writes (`upload_…` and the like) is not.

    The publisher writes it by `socialpub.db.assets` only, which takes nothing for today's that was yesterday's.
    """

    __tablename__ = "social_draft_assets"
    __table_args__ = (
        UniqueConstraint("draft_id", "position", name="one_asset_per_position"),
        Index("social_draft_assets_by_path", "storage_path"),
        Index(
            "social_draft_assets_by_thumbnail",
            "thumbnail_path",
            postgresql_where=text("thumbnail_path is not null"),
        ),
    )

    id: Mapped[UuidKey]
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("social_drafts.id"))
    position: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    type: Mapped[str]
    storage_path: Mapped[str]
    public_url: Mapped[str | None]
    size_bytes: Mapped[int | None] = mapped_column(BigInteger)
    checksum_sha256: Mapped[str | None]
    mime_type: Mapped[str | None]
    alt_text: Mapped[str | None]
    title: Mapped[str | None]
    """A video's title."""
    thumbnail_path: Mapped[str | None]
    """Where the picture is that stands for the video; a storage path."""
    may_reencode: Mapped[bool] = mapped_column(server_default="false")
    """Whether a photo that Facebook would not take may be sent as a JPEG made of it."""
    file_version: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"), server_onupdate=FetchedValue())
    """Another one means another file; see `record_figures`."""

    upload_state: Mapped[str] = mapped_column(server_default=UploadState.NOT_UPLOADED)
    upload_ticket: Mapped[UUID] = mapped_column(
        server_default=text("gen_random_uuid()"), server_onupdate=FetchedValue()
    )
    """Another one means that what was to be uploaded is not wanted any more; see `save_upload`."""
    upload_session_id: Mapped[str | None]
    upload_start_offset: Mapped[int | None] = mapped_column(BigInteger)
    upload_end_offset: Mapped[int | None] = mapped_column(BigInteger)
    upload_handle: Mapped[str | None]
    """What the Resumable Upload API gave for the bytes."""
    upload_error: Mapped[str | None]
    facebook_media_id: Mapped[str | None]
    is_temporary: Mapped[bool] = mapped_column(server_default="false")
    """Whether the photo was uploaded for a native scheduled post, which takes no other."""
    uploaded_at: Mapped[datetime | None]
    created_at: Mapped[WrittenNow]
    updated_at: Mapped[WrittenNow] = mapped_column(server_onupdate=FetchedValue())

    @property
    def file_name(self) -> str:
        """What Facebook is told that the file is called."""
        return PurePosixPath(self.storage_path).name
