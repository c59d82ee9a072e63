"""A person on the way through Facebook's login dialog."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from socialpub.models.base import Base, UuidKey, WrittenNow
from socialpub.models.encrypted import EncryptedString, EncryptedToken
from socialpub.models.larp import Larp


class LoginRequest(Base):
    """From the connect link to the choice of a Page: who asked, for which LARP, until when.

    `answered_at`: Facebook sent the browser back, so its state is used up. `closed_at`: a Page was chosen, or refused.
    """

    __tablename__ = "social_login_requests"
    __table_args__ = (Index("social_login_requests_by_expiry", "expires_at"),)

    id: Mapped[UuidKey]
    state_hash: Mapped[str] = mapped_column(unique=True)
    larp_id: Mapped[UUID] = mapped_column(ForeignKey("larps.id"))
    requested_by: Mapped[str]
    redirect_uri: Mapped[str]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    user_access_token: Mapped[EncryptedToken | None] = mapped_column(EncryptedString)
    granted_by: Mapped[str | None]
    granted_by_id: Mapped[str | None]
    scopes: Mapped[list[str]] = mapped_column(server_default="{}")
    created_at: Mapped[WrittenNow]

    larp: Mapped[Larp] = relationship()
