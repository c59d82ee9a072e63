"""The gate of the whole installation: every post passes it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from socialpub.models.base import Base, WrittenNow


class PublishingGate(Base):
    """One row: closed by a person (pause) or by the Facebook app's rate limit."""

    __tablename__ = "social_publishing_gate"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, server_default=text("1"))
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None]
    pause_reason: Mapped[str | None]
    rate_limited_until: Mapped[datetime | None]
    updated_at: Mapped[WrittenNow]

    def pause(self, reason: str, *, actor: str, now: datetime) -> None:
        """Stop all publishing until a person resumes it."""
        self.paused_at, self.paused_by, self.pause_reason = now, actor, reason

    def resume(self) -> None:
        self.paused_at = self.paused_by = self.pause_reason = None

    def close_until(self, regain_at: datetime) -> None:
        """Send nothing for the app until Facebook's limit has passed; a longer wait that is known already stays."""
        self.rate_limited_until = max(regain_at, self.rate_limited_until or regain_at)
