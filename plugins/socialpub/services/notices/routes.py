"""Who hears of an event, and not before when. Pure: rows and instants in, decisions out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from socialpub.models import Channel, NotificationRoute

ALL_EVENTS = "*"
DIGEST = "daily_digest"
"""The name under which routes send the digest somewhere."""


def choose_routes(routes: Sequence[NotificationRoute], larp_id: UUID | None, event: str) -> list[NotificationRoute]:
    """The routes of the most specific kind that there is: of the LARP before of all, of the event before of all events.

    A route with channel `off` among them silences what the less specific ones say; those beside it still hold.
    """
    for larp in dict.fromkeys((larp_id, None)):
        for name in (event, ALL_EVENTS):
            if found := [route for route in routes if (route.larp_id, route.event) == (larp, name)]:
                return [route for route in found if route.channel != Channel.OFF]
    return []


def find_quiet_end(route: NotificationRoute, larp_zone: str | None, now: datetime) -> datetime | None:
    """When the quiet hours end in which `now` lies; None outside of them."""
    if route.quiet_from is None or route.quiet_until is None or route.quiet_from == route.quiet_until:
        return None
    zone = ZoneInfo(route.time_zone or larp_zone or "UTC")
    local = now.astimezone(zone)
    ends_on = local.date()
    if route.quiet_from > route.quiet_until and local.time() >= route.quiet_from:
        ends_on += timedelta(days=1)
    is_quiet = (
        route.quiet_from <= local.time() < route.quiet_until
        if route.quiet_from < route.quiet_until
        else local.time() >= route.quiet_from or local.time() < route.quiet_until
    )
    return to_instant(ends_on, route.quiet_until, zone) if is_quiet else None


def to_instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """When the zone's clock shows this: the first of two such instants; a skipped time as if it were not skipped."""
    return datetime.combine(day, clock, tzinfo=zone).astimezone(UTC)
