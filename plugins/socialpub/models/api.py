"""What the HTTP face remembers: answers given, files on their way in, tokens taken back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, FetchedValue, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from socialpub.models.base import Base, UuidKey, WrittenNow


class ApiAnswer(Base):
    """The answer to a POST with an Idempotency-Key; `status` None while the first request is at work."""

    __tablename__ = "social_api_answers"
    __table_args__ = (Index("social_api_answers_by_age", "created_at"),)

    principal: Mapped[str] = mapped_column(primary_key=True)
    idempotency_key: Mapped[str] = mapped_column(primary_key=True)
    request_hash: Mapped[str]
    """Of method, path and body: another request under the same key is refused."""
    status: Mapped[int | None] = mapped_column(SmallInteger)
    headers: Mapped[dict[str, Any] | None]
    body: Mapped[str | None]
    created_at: Mapped[WrittenNow]


class Upload(Base):
    """A file that comes in piece by piece; complete once `checksum_sha256` is known."""

    __tablename__ = "social_uploads"
    __table_args__ = (
        Index("social_uploads_unfinished", "updated_at", postgresql_where=text("checksum_sha256 is null")),
        Index("social_uploads_finished", "updated_at", postgresql_where=text("checksum_sha256 is not null")),
    )

    id: Mapped[UuidKey]
    larp_id: Mapped[UUID] = mapped_column(ForeignKey("larps.id"))
    created_by: Mapped[str]
    storage_path: Mapped[str] = mapped_column(unique=True)
    mime_type: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    checksum_sha256: Mapped[str | None]
    created_at: Mapped[WrittenNow]
    updated_at: Mapped[WrittenNow] = mapped_column(server_onupdate=FetchedValue())


class RevokedToken(Base):
    """A token of the backoffice, by its `jti`, that is not taken any more although it has not expired."""

    __tablename__ = "social_revoked_tokens"

    token_id: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]
    revoked_at: Mapped[WrittenNow]
