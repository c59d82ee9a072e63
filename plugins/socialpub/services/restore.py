"""After the database was restored from a dump: what it does not know any more is looked up before anything is sent.

A dump ends at its instant. What was published afterwards is on the Pages and not in the tables, so a restored row may
say "pending" of a post that is live. Such a row becomes unconfirmed: it is not sent before its Page was read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from socialpub.db import restore as statements
from socialpub.db.engine import transaction
from socialpub.db.posts import Run
from socialpub.errors import PostNotReadyError
from socialpub.models import AFTER_RESTORE, PublishingGate


@dataclass(frozen=True, slots=True)
class RestoreLimits:
    """What the scan and the hand-over could have taken before the database was lost."""

    claim_ahead: timedelta
    max_ahead: timedelta
    look_again_after: timedelta


@dataclass(frozen=True, slots=True)
class Restore:
    """What `socialpub after-restore` does to the tables, for one dump. Nothing else may run before `hold_posts`."""

    engine: Engine
    dumped_at: datetime
    """When the dump began; earlier is safe, later is not."""
    limits: RestoreLimits
    actor: str

    @property
    def reason(self) -> str:
        return (
            f"Restored from a dump of {self.dumped_at:%Y-%m-%d %H:%M:%S} UTC: it may have been published since."
            " It is looked up on its Page before anything else."
        )

    def hold_posts(self) -> int | None:
        """Pause all publishing and doubt what may be live, in one transaction; returns how many posts.

        None: that was done before, for this dump. Raises `PostNotReadyError` for an instant that has not come.
        """
        gate_reason = f"restored from a dump of {self.dumped_at:%Y-%m-%d %H:%M:%S} UTC"
        with transaction(self.engine, actor=self.actor) as session:
            gate = session.get_one(PublishingGate, 1, with_for_update=True)
            now = session.scalars(select(func.now())).one()
            if self.dumped_at > now:
                raise PostNotReadyError(
                    f"{self.dumped_at:%Y-%m-%d %H:%M:%S} UTC has not come yet.",
                    next_step="give the time when the dump began.",
                )
            if gate.paused_at and gate.pause_reason == gate_reason:
                return None
            gate.pause(gate_reason, actor=self.actor, now=now)
            doubtful = statements.find_doubtful_posts(
                session, claim_ahead=self.limits.claim_ahead, max_ahead=self.limits.max_ahead
            )
            self.doubt_posts(session, doubtful)
        return len(doubtful)

    def doubt_posts(self, session: Session, post_ids: Sequence[UUID]) -> None:
        """They become unconfirmed; the next scan looks them up."""
        statements.doubt_posts(
            session,
            Run(AFTER_RESTORE, self.dumped_at.isoformat()),
            post_ids,
            dumped_at=self.dumped_at,
            reason=self.reason,
            look_again_after=self.limits.look_again_after,
        )
