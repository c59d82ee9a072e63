"""Which local day a digest is for, and when it is due: decided by dates, so a changed clock can't make two of one."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from socialpub.services.notices.routes import to_instant

DIGEST_AT = time(7)
# After downtime, a digest is news until the evening.
LATEST = timedelta(hours=12)


def find_due_day(zone: ZoneInfo, now: datetime) -> date | None:
    """The local day whose digest is due now; None before seven o'clock and in the evening."""
    day = now.astimezone(zone).date()
    due_at = to_instant(day, DIGEST_AT, zone)
    return day if due_at <= now < due_at + LATEST else None


def day_bounds(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The day's first instant and the next day's: 23, 24 or 25 hours apart."""
    return to_instant(day, time(0), zone), to_instant(day + timedelta(days=1), time(0), zone)


def find_clock_change(zone: ZoneInfo, starts_at: datetime, ends_at: datetime) -> str:
    """In words, when and how the clock changes between the two; "" when it does not."""
    minutes = int((ends_at - starts_at).total_seconds() // 60)
    low, high = 0, minutes
    if _offset(zone, starts_at) == _offset(zone, ends_at):
        return ""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, starts_at + timedelta(minutes=middle)) == _offset(zone, starts_at):
            low = middle
        else:
            high = middle
    after = (starts_at + timedelta(minutes=high)).replace(second=0, microsecond=0)
    new = after.astimezone(zone)
    change = (new.utcoffset() or timedelta()) - _offset(zone, starts_at)
    old = new.replace(tzinfo=None) - change
    return f"The clock changes on {new:%A, %-d %B}: {old:%H:%M} becomes {new:%H:%M}."


def is_ambiguous(local: datetime) -> bool:
    """Whether the zone's clock shows this time twice."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()
