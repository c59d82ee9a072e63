"""A LARP's posts on the days of its own time zone."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from socialpub.db.engine import transaction
from socialpub.db.queue import count_posts_a_day, list_places, list_places_of_days
from socialpub.models import Larp, PostStatus
from socialpub.services.digest.days import day_bounds, find_clock_change
from socialpub.services.drafts.desk import connections_of_page
from socialpub.services.drafts.local_time import read_zone
from socialpub.services.queue.lists import EARLIEST, PAGE, QueueLine, QueuePage, read_cursor, to_lines, write_cursor

APART = timedelta(minutes=10)
"""Two posts of one Page that are closer than this are shown as a conflict."""
_OVER = (PostStatus.FAILED, PostStatus.MISSED, PostStatus.CANCELED)
_SHOWN = tuple(status for status in PostStatus if status != PostStatus.CANCELED)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from the first up to and without the last."""

    first: date
    end: date

    def days(self) -> Iterator[date]:
        for number in range((self.end - self.first).days):
            yield self.first + timedelta(days=number)


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A post at the time that the LARP's clock shows; `is_crowded` means another post of its Page is close."""

    line: QueueLine
    local: datetime
    is_crowded: bool


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """`entries` are the first ones of `total`; `clock_change` is "" on a day of 24 hours."""

    day: date
    hours: float
    clock_change: str
    entries: tuple[CalendarEntry, ...]
    total: int
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Calendar:
    zone: str
    days: tuple[CalendarDay, ...]


def week_span(day: date) -> Span:
    """Monday to Sunday."""
    first = day - timedelta(days=day.weekday())
    return Span(first, first + timedelta(days=7))


def month_span(day: date) -> Span:
    """The weeks that the day's month touches."""
    first = day.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return Span(week_span(first).first, week_span(last).end)


def read_calendar(engine: Engine, larp_id: UUID, span: Span, *, page_id: str | None = None, shown: int) -> Calendar:
    """All days of the span with at most `shown` posts of each. Raises `LocalTimeError` for a LARP without a zone."""
    with transaction(engine, actor="console") as session:
        zone = _zone_of(session, larp_id)
        _, connections = connections_of_page(session, larp_id, page_id)
        bounds = {day: day_bounds(day, zone) for day in span.days()}
        places = list_places_of_days(session, connections, list(bounds.values()), limit=shown + 1)
        lines = to_lines(session, [place.id for place in places])
        since, until = bounds[span.first][0], bounds[span.end - timedelta(days=1)][1]
        rows = count_posts_a_day(session, connections, since=since, until=until, zone=zone.key)
    counts: defaultdict[date, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row.day][row.status] += row.posts
    entries: defaultdict[date, list[CalendarEntry]] = defaultdict(list)
    for entry in to_entries(lines, zone):
        entries[entry.local.date()].append(entry)
    days = [_describe(day, bounds[day], zone, entries[day][:shown], counts[day]) for day in bounds]
    return Calendar(zone.key, tuple(days))


def list_day(
    engine: Engine, larp_id: UUID, day: date, *, page_id: str | None = None, cursor: str | None = None
) -> tuple[CalendarDay, QueuePage]:
    """A page of one day's posts. Raises `RuleRefusedError` for a cursor of its own."""
    with transaction(engine, actor="console") as session:
        zone = _zone_of(session, larp_id)
        _, connections = connections_of_page(session, larp_id, page_id)
        since, until = day_bounds(day, zone)
        rows = count_posts_a_day(session, connections, since=since, until=until, zone=zone.key)
        places = list_places(
            session, "list_posts_by_time", connections, _SHOWN, since=since, until=until,
            edge=read_cursor(cursor) or EARLIEST, limit=PAGE + 1,
        )  # fmt: skip
        lines = to_lines(session, [place.id for place in places[:PAGE]])
    page = QueuePage(lines, write_cursor(places[PAGE - 1]) if len(places) > PAGE else None)
    counts = Counter({row.status: row.posts for row in rows})
    return _describe(day, (since, until), zone, list(to_entries(lines, zone)), counts), page


def to_entries(lines: Sequence[QueueLine], zone: ZoneInfo) -> Iterator[CalendarEntry]:
    """Of lines in the order of their times."""
    crowded = set(_find_crowded(lines))
    for line in lines:
        yield CalendarEntry(line, line.publish_at.astimezone(zone), line.id in crowded)


def _find_crowded(lines: Sequence[QueueLine]) -> Iterator[UUID]:
    last: dict[str, QueueLine] = {}
    for line in lines:
        if line.status in _OVER:
            continue
        before = last.get(line.page_id)
        if before is not None and line.publish_at - before.publish_at < APART:
            yield from (before.id, line.id)
        last[line.page_id] = line


def _describe(
    day: date,
    bounds: tuple[datetime, datetime],
    zone: ZoneInfo,
    entries: Sequence[CalendarEntry],
    counts: Counter[str],
) -> CalendarDay:
    hours = (bounds[1] - bounds[0]).total_seconds() / 3600
    change = find_clock_change(zone, *bounds)
    return CalendarDay(day, hours, change, tuple(entries), counts.total(), dict(counts))


def _zone_of(session: Session, larp_id: UUID) -> ZoneInfo:
    return read_zone(session.scalars(select(Larp.time_zone).where(Larp.id == larp_id)).one())
