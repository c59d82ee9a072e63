"""A Facebook Page connected to a LARP."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from socialpub.errors import TokenUnusableError
from socialpub.models.base import Base, UuidKey, WrittenNow
from socialpub.models.closable import Closable
from socialpub.models.encrypted import EncryptedString, EncryptedToken, TokenCipher
from socialpub.models.instants import say_instant, time_left
from socialpub.models.larp import Larp
from socialpub.models.secret import Secret
from socialpub.models.statuses import Delivery, TokenProblem, TokenStatus

_ALIVE = text("disconnected_at is null")


class FacebookPageConnection(Closable, Base):
    """One LARP's Page: its token, its health, its pause and its rate-limit window."""

    __tablename__ = "facebook_page_connections"
    __table_args__ = (
        Index("one_connection_per_larp", "larp_id", unique=True, postgresql_where=_ALIVE),
        Index("one_connection_per_page", "page_id", unique=True, postgresql_where=_ALIVE),
        Index("facebook_page_connections_by_page", "page_id"),
        Index("facebook_page_connections_by_check", "checked_at", "id", postgresql_where=_ALIVE),
    )

    id: Mapped[UuidKey]
    larp_id: Mapped[UUID] = mapped_column(ForeignKey("larps.id"))
    page_id: Mapped[str]
    page_name: Mapped[str]
    access_token: Mapped[EncryptedToken | None] = mapped_column(EncryptedString)
    user_access_token: Mapped[EncryptedToken | None] = mapped_column(EncryptedString)
    """The long-lived token of the person behind it; renews a Page access token that expires."""
    token_expires_at: Mapped[datetime | None]
    """None means never."""
    token_stored_at: Mapped[datetime | None]
    """When this token came; written by trigger, and left as it is when a key is rotated."""
    data_access_expires_at: Mapped[datetime | None]
    token_status: Mapped[str] = mapped_column(server_default=TokenStatus.UNCHECKED)
    token_problem: Mapped[str | None]
    token_status_reason: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    """When Facebook last gave a verdict on the token; no answer is no verdict."""
    prompted_days: Mapped[int | None] = mapped_column(SmallInteger)
    """The last prompt to reconnect this token: at 7, 3 or 1 days."""
    scopes: Mapped[list[str]] = mapped_column(server_default="{}")
    granted_by: Mapped[str | None]
    granted_by_id: Mapped[str | None]
    """The Facebook id of the person behind the token."""
    feed_subscribed_at: Mapped[datetime | None]
    lateness_rule: Mapped[str] = mapped_column(server_default="within")
    late_by_minutes: Mapped[int] = mapped_column(server_default="360")
    delivery: Mapped[str] = mapped_column(server_default=Delivery.DIRECT)
    """How its posts go out that do not say so themselves."""
    disconnected_at: Mapped[datetime | None]
    catch_up_from: Mapped[datetime | None]
    is_sandbox: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether the smoke test may publish and delete on it."""
    created_at: Mapped[WrittenNow]
    updated_at: Mapped[WrittenNow]

    larp: Mapped[Larp] = relationship()

    def is_expired(self, now: datetime) -> bool:
        """Whether the token's own expiry has passed; a token without one never expires by time."""
        return self.token_expires_at is not None and time_left(self.token_expires_at, now) <= timedelta(0)

    def get_page_access_token(self, cipher: TokenCipher, now: datetime) -> Secret:
        """The usable token. Raises `TokenUnusableError` when there is none, `TokenKeyError` when no key opens it."""
        if self.access_token is None:
            raise TokenUnusableError(f"{self} has no access token.", next_step="connect the Page again.")
        if self.token_expires_at is not None and self.is_expired(now):
            raise TokenUnusableError(
                f"The access token of {self} expired at {say_instant(self.token_expires_at)}.",
                next_step="reconnect the Page.",
            )
        return cipher.decrypt(self.access_token)

    def refresh_token(
        self,
        token: Secret,
        cipher: TokenCipher,
        *,
        expires_at: datetime | None,
        data_access_expires_at: datetime | None,
        user_token: Secret | None,
    ) -> None:
        """Take over a token that Facebook has just declared good; expiry None means never."""
        self.access_token = cipher.encrypt(token)
        self.user_access_token = cipher.encrypt(user_token) if user_token else None
        self.token_expires_at, self.data_access_expires_at = expires_at, data_access_expires_at

    def mark_token_lost(self, problem: TokenProblem, reason: str) -> None:
        """Hold the Page's posts until somebody has mended it."""
        self.token_status, self.token_problem, self.token_status_reason = TokenStatus.LOST, problem, reason

    def mark_token(self, status: TokenStatus, reason: str | None) -> None:
        """Any status but lost: posts go out."""
        self.token_status, self.token_problem, self.token_status_reason = status, None, reason

    def disconnect(self, now: datetime) -> None:
        """Forget the tokens; the row stays, for the history of its posts."""
        self.disconnected_at = now
        self.access_token = self.user_access_token = self.token_expires_at = self.data_access_expires_at = None
        self.feed_subscribed_at = None
        self.mark_token(TokenStatus.UNCHECKED, None)

    def __str__(self) -> str:
        return f"Page {self.page_name} ({self.page_id})"
