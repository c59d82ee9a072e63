"""Instants for comparing and for reading.

Python subtracts and compares two instants of one time zone by their wall clocks, which is wrong across a clock change;
the database gives instants in the zone of its session. So they are taken to UTC first.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def time_left(until: datetime, now: datetime) -> timedelta:
    """How long until then; negative when it has passed."""
    return until.astimezone(UTC) - now.astimezone(UTC)


def say_instant(instant: datetime) -> str:
    """`2027-03-28 01:00 UTC`."""
    return f"{instant.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
