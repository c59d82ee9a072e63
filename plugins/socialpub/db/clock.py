"""The database's clock, read once and carried on without asking again."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, text

from socialpub.db.engine import transaction

_ROUND_TRIPS = 3


@dataclass(frozen=True, slots=True)
class DatabaseClock:
    """Counts from one reading of the database's clock by this machine's monotonic clock.

    So neither a wrong local clock nor one that is set while a lane waits moves a post.
    """

    read_at: datetime
    monotonic_at: float
    skew: timedelta
    """How far this machine's clock is ahead of the database's (negative: behind)."""

    def now(self) -> datetime:
        return self.read_at + timedelta(seconds=time.monotonic() - self.monotonic_at)

    def seconds_until(self, instant: datetime) -> float:
        return (instant - self.now()).total_seconds()


def read_clock(engine: Engine) -> DatabaseClock:
    """Read the database's clock to within half the quickest of a few round trips. Raises what `transaction` raises."""
    with transaction(engine, actor="clock") as session:
        readings = []
        for _ in range(_ROUND_TRIPS):
            before = time.monotonic()
            instant = session.execute(text("select clock_timestamp()")).scalar_one().astimezone(UTC)
            readings.append((time.monotonic() - before, before, instant, datetime.now(UTC)))
    round_trip, before, instant, local = min(readings)
    return DatabaseClock(
        read_at=instant,
        monotonic_at=before + round_trip / 2,
        skew=local - instant - timedelta(seconds=round_trip / 2),
    )
