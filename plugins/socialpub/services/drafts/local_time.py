"""From what a clock shows to the instant that is meant. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from socialpub.errors import LocalTimeError


@dataclass(frozen=True, slots=True)
class PlannedTime:
    """A wall time (naive), its IANA zone, and the instant (aware, UTC) that it is."""

    wall_time: datetime
    time_zone: str
    publish_at: datetime


def read_zone(name: str) -> ZoneInfo:
    """Raises `LocalTimeError` for a name that is no IANA zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise LocalTimeError(
            f"“{name[:60]}” is no time zone.", next_step="give an IANA name such as Europe/Warsaw.", choices=()
        ) from error


def plan_time(wall_time: datetime, time_zone: str, *, offset: timedelta | None = None) -> PlannedTime:
    """The instant at which clocks in `time_zone` show `wall_time`, which is naive.

    A time that comes twice needs the `offset` from UTC that tells which one is meant; elsewhere an offset is checked.
    Raises `LocalTimeError` for a time that a change of clocks skips, with its two neighbours; for one that comes twice,
    with the two offsets; and for an offset that the zone does not have then.
    """
    zone = read_zone(time_zone)
    wall = wall_time.replace(tzinfo=None, fold=0)
    readings = _readings(wall, zone)
    if not readings:
        raise _skipped(wall, time_zone, zone)
    if offset is not None:
        readings = [reading for reading in readings if reading.utcoffset() == offset]
        if not readings:
            raise _wrong_offset(wall, time_zone, zone, offset)
    if len(readings) > 1:
        raise _twice(wall, time_zone, readings)
    return PlannedTime(wall, time_zone, readings[0].astimezone(UTC))


def plan_instant(publish_at: datetime, time_zone: str) -> PlannedTime:
    """The same for an instant that is known."""
    return PlannedTime(
        publish_at.astimezone(read_zone(time_zone)).replace(tzinfo=None, fold=0), time_zone, publish_at.astimezone(UTC)
    )


def _readings(wall: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every way to read the wall time that leads back to it: none, one, or two."""
    both = [wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    real = [reading for reading in both if reading.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall]
    return real if len({reading.utcoffset() for reading in real}) > 1 else real[:1]


def _skipped(wall: datetime, time_zone: str, zone: ZoneInfo) -> LocalTimeError:
    """The last minute before the gap and the first one after it."""
    before, after = (wall.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    # Read with the offset of before, the skipped time lies after the change by as much as it lies into the gap.
    change = _find_change(wall.replace(tzinfo=UTC) - after, wall.replace(tzinfo=UTC) - before, zone)
    last = (change + before - timedelta(minutes=1)).replace(tzinfo=None)
    first = (change + after).replace(tzinfo=None)
    return LocalTimeError(
        f"{wall:%Y-%m-%d %H:%M} does not exist in {time_zone}: the clocks go from {last:%H:%M} to {first:%H:%M}.",
        next_step=f"take {last:%Y-%m-%d %H:%M} or {first:%Y-%m-%d %H:%M}.",
        choices=(f"{last:%Y-%m-%dT%H:%M}", f"{first:%Y-%m-%dT%H:%M}"),
    )


def _find_change(earliest: datetime, latest: datetime, zone: ZoneInfo) -> datetime:
    """The instant between the two at which the zone's offset changes, to the second."""
    old = earliest.astimezone(zone).utcoffset()
    while latest - earliest > timedelta(seconds=1):
        middle = earliest + (latest - earliest) // 2
        if middle.astimezone(zone).utcoffset() == old:
            earliest = middle
        else:
            latest = middle
    return latest.replace(microsecond=0)


def _twice(wall: datetime, time_zone: str, readings: list[datetime]) -> LocalTimeError:
    choices = tuple(say_offset(reading.utcoffset() or timedelta()) for reading in readings)
    return LocalTimeError(
        f"{wall:%Y-%m-%d %H:%M} comes twice in {time_zone}.",
        next_step=f"say which one by its offset: {choices[0]} is the first, {choices[1]} the second.",
        choices=choices,
    )


def _wrong_offset(wall: datetime, time_zone: str, zone: ZoneInfo, offset: timedelta) -> LocalTimeError:
    choices = tuple(say_offset(reading.utcoffset() or timedelta()) for reading in _readings(wall, zone))
    return LocalTimeError(
        f"{wall:%Y-%m-%d %H:%M} in {time_zone} is not at {say_offset(offset)}.",
        next_step=f"leave the offset out, or give {' or '.join(choices)}.",
        choices=choices,
    )


def say_offset(offset: timedelta) -> str:
    """`+02:00`."""
    sign, minutes = ("-", -offset) if offset < timedelta() else ("+", offset)
    hours, rest = divmod(int(minutes.total_seconds()) // 60, 60)
    return f"{sign}{hours:02}:{rest:02}"
