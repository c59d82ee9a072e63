"""What a person can pause and a rate limit can close: one Page, or the gate of all."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped


class Closable:
    """Mixin of entities that hold posts back while they are paused or inside a rate-limit window."""

    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None]
    pause_reason: Mapped[str | None]
    rate_limited_until: Mapped[datetime | None]

    def pause(self, reason: str, *, actor: str, now: datetime) -> None:
        """Send nothing until a person resumes it."""
        self.paused_at, self.paused_by, self.pause_reason = now, actor, reason

    def resume(self) -> None:
        self.paused_at = self.paused_by = self.pause_reason = None

    def close_until(self, regain_at: datetime) -> None:
        """Send nothing until Facebook's limit has passed; a longer wait that is known already stays."""
        self.rate_limited_until = max(regain_at, self.rate_limited_until or regain_at)
