"""Which published posts other teams have not heard of, and that they have now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from socialpub.db import announcements
from socialpub.db.engine import transaction

MOST_AT_ONCE = 200
"""Airflow writes the events of a task in one request, 8 to 14 ms each on two busy cores, and it has five seconds."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """One post that became live, by whatever way: sent, handed over, settled by the webhook or by a person."""

    event_id: int
    """Of its row in the outbox."""
    scheduled_post_id: UUID
    larp_id: UUID
    page_id: str
    facebook_post_id: str
    permalink_url: str | None
    """None where Facebook did not tell it: of a post that its webhook settled."""
    published_at: datetime

    def describe(self) -> dict[str, Any]:
        """What a follower gets. Instants are ISO 8601 in UTC."""
        return {
            "scheduled_post_id": str(self.scheduled_post_id),
            "larp_id": str(self.larp_id),
            "page_id": self.page_id,
            "facebook_post_id": self.facebook_post_id,
            "permalink_url": self.permalink_url,
            "published_at": self.published_at.astimezone(UTC).isoformat(),
        }


def find_unannounced_posts(engine: Engine, *, max_posts: int = MOST_AT_ONCE, actor: str) -> list[Announcement]:
    """The oldest posts of the last seven days that nobody was told of. Raises what `transaction` raises."""
    with transaction(engine, actor=actor) as session:
        rows = announcements.find_unannounced_posts(session, max_posts=max_posts)
    return [Announcement(**row) for row in rows]


def mark_announced(engine: Engine, event_ids: Sequence[int], *, actor: str) -> None:
    """They are not found again. To be called only when they were told. Raises what `transaction` raises."""
    with transaction(engine, actor=actor) as session:
        announcements.mark_announced(session, event_ids)
