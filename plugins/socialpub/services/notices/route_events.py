"""Events become messages: one for each recipient and cause, with a list of what belongs together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine, Row, func, insert, select, update
from sqlalchemy.orm import Session

from socialpub.db.engine import transaction
from socialpub.db.notifications import find_open_notification, take_events
from socialpub.models import Notification, NotificationEvent, NotificationRoute, OutboxEvent
from socialpub.services.notices.routes import choose_routes, find_quiet_end


@dataclass(frozen=True, slots=True)
class Grouping:
    pace: timedelta = timedelta(minutes=5)
    """What becomes of posts is told at most so often per cause and recipient; what happens meanwhile becomes a list."""
    max_items: int = 50
    """So many events a message lists; more make another one."""
    max_events: int = 500
    """Events taken in one transaction."""


@dataclass(frozen=True, slots=True)
class _Group:
    """What one message is about, and to whom."""

    event: str
    larp_id: UUID | None
    cause: str
    route: NotificationRoute
    time_zone: str | None

    @property
    def key(self) -> str:
        return f"{self.event}:{self.larp_id or 'all'}:{self.cause}"

    @property
    def target(self) -> dict[str, str]:
        return {"channel": self.route.channel, "recipient": self.route.recipient}

    def not_quiet_before(self, instant: datetime) -> datetime:
        """The instant, or the end of the quiet hours that it lies in."""
        return max(instant, find_quiet_end(self.route, self.time_zone, instant) or instant)


def route_events(engine: Engine, grouping: Grouping, *, actor: str) -> int:
    """Make messages of all events that wait for it, with their events in one transaction; returns how many events."""
    routed = 0
    while True:
        with transaction(engine, actor=actor) as session:
            events = take_events(session, max_events=grouping.max_events)
            _route(session, events, grouping)
        routed += len(events)
        if len(events) < grouping.max_events:
            return routed


def _route(session: Session, events: Sequence[Row[Any]], grouping: Grouping) -> None:
    if not events:
        return
    now = session.scalars(select(func.now())).one()
    routes = session.scalars(select(NotificationRoute)).all()
    groups: dict[_Group, list[int]] = defaultdict(list)
    unwanted = []
    for event in events:
        chosen = choose_routes(routes, event.larp_id, event.event)
        if not chosen:
            unwanted.append(event.id)
        for route in chosen:
            groups[_Group(event.event, event.larp_id, event.cause, route, event.time_zone)].append(event.id)
    for group, ids in groups.items():
        _gather(session, group, ids, now, grouping)
    session.execute(update(OutboxEvent).where(OutboxEvent.id.in_([e.id for e in events])).values(routed_at=now))
    session.execute(update(OutboxEvent).where(OutboxEvent.id.in_(unwanted)).values(delivered_at=now))


def _gather(session: Session, group: _Group, ids: list[int], now: datetime, grouping: Grouping) -> None:
    """Add to the message that has not left yet, then fill further ones."""
    open_id, last_at = find_open_notification(
        session,
        group_key=group.key,
        max_items=grouping.max_items,
        **group.target,
    )
    if open_id is not None:
        listed = session.scalars(
            select(func.count()).select_from(NotificationEvent).where(NotificationEvent.notification_id == open_id)
        ).one()
        room = grouping.max_items - listed
        _link(session, open_id, ids[:room])
        ids = ids[room:]
        not_before = now
    else:
        pace = grouping.pace if group.event.startswith("SocialPublish") else timedelta(0)
        not_before = max(now, last_at + pace if last_at else now)
    parts = {uuid4(): ids[start : start + grouping.max_items] for start in range(0, len(ids), grouping.max_items)}
    if not parts:
        return
    common = {
        "event": group.event,
        "group_key": group.key,
        "larp_id": group.larp_id,
        # What waits for its pace may come into the quiet hours by that.
        "next_attempt_at": group.not_quiet_before(not_before),
        **group.target,
    }
    messages = [
        {"id": message, "dedupe_key": f"{group.route.channel}:{group.route.recipient}:{part[0]}", **common}
        for message, part in parts.items()
    ]
    session.execute(insert(Notification), messages)
    session.execute(
        insert(NotificationEvent),
        [{"notification_id": message, "event_id": event} for message, part in parts.items() for event in part],
    )


def _link(session: Session, message: UUID, event_ids: list[int]) -> None:
    if event_ids:
        session.execute(
            insert(NotificationEvent), [{"notification_id": message, "event_id": event} for event in event_ids]
        )
