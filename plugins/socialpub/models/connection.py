"""A Facebook Page connected to a LARP."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from socialpub.errors import PostNotReadyError
from socialpub.models.base import Base, UuidKey, WrittenNow
from socialpub.models.closable import Closable
from socialpub.models.encrypted import EncryptedString, EncryptedToken, TokenCipher
from socialpub.models.larp import Larp
from socialpub.models.secret import Secret
from socialpub.models.statuses import Delivery, TokenStatus


class FacebookPageConnection(Closable, Base):
    """One LARP's Page: its token, its health, its pause and its rate-limit window."""

    __tablename__ = "facebook_page_connections"

    id: Mapped[UuidKey]
    larp_id: Mapped[UUID] = mapped_column(ForeignKey("larps.id"), unique=True)
    page_id: Mapped[str] = mapped_column(unique=True)
    page_name: Mapped[str]
    access_token: Mapped[EncryptedToken | None] = mapped_column(EncryptedString)
    user_access_token: Mapped[EncryptedToken | None] = mapped_column(EncryptedString)
    token_expires_at: Mapped[datetime | None]
    data_access_expires_at: Mapped[datetime | None]
    token_status: Mapped[str] = mapped_column(server_default=TokenStatus.UNCHECKED)
    token_status_reason: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    scopes: Mapped[list[str]] = mapped_column(server_default="{}")
    granted_by: Mapped[str | None]
    lateness_rule: Mapped[str] = mapped_column(server_default="within")
    late_by_minutes: Mapped[int] = mapped_column(server_default="360")
    delivery: Mapped[str] = mapped_column(server_default=Delivery.DIRECT)
    """How its posts go out that do not say so themselves."""
    disconnected_at: Mapped[datetime | None]
    catch_up_from: Mapped[datetime | None]
    created_at: Mapped[WrittenNow]
    updated_at: Mapped[WrittenNow]

    larp: Mapped[Larp] = relationship()

    def is_expired(self, now: datetime) -> bool:
        """Whether the token's own expiry has passed; a token without one never expires by time."""
        return self.token_expires_at is not None and self.token_expires_at <= now

    def get_page_access_token(self, cipher: TokenCipher, now: datetime) -> Secret:
        """The usable token. Raises `PostNotReadyError` when there is none, `TokenKeyError` when no key opens it."""
        if self.access_token is None:
            raise PostNotReadyError(f"{self} has no access token.", next_step="connect the Page again.")
        if self.is_expired(now):
            raise PostNotReadyError(
                f"The access token of {self} expired at {self.token_expires_at:%Y-%m-%d %H:%M} UTC.",
                next_step="reconnect the Page.",
            )
        return cipher.decrypt(self.access_token)

    def mark_token_lost(self, reason: str) -> None:
        """Hold the Page's posts until somebody reconnects it."""
        self.token_status = TokenStatus.LOST
        self.token_status_reason = reason

    def __str__(self) -> str:
        return f"Page {self.page_name} ({self.page_id})"
