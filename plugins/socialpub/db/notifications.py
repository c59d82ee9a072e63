"""The statements on events and messages: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Interval, Row, TextClause, Uuid, bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from socialpub.db.sql_files import read_query

_TYPES: dict[str, TypeEngine[Any]] = {
    "lease": Interval(),
    "notification_id": Uuid(),
    "larp_id": Uuid(),
    "lease_expires_at": DateTime(timezone=True),
    "event_ids": ARRAY(BigInteger()),
}


@cache
def _query(name: str) -> TextClause:
    clause = text(read_query(name))
    return clause.bindparams(*(bindparam(key, type_=_TYPES[key]) for key in clause.compile().params if key in _TYPES))


def take_events(session: Session, *, max_events: int) -> Sequence[Row[Any]]:
    """Locked until the transaction ends: id, event, larp_id, time_zone and cause."""
    return session.execute(_query("take_events"), {"max_events": max_events}).all()


def find_open_notification(
    session: Session, *, group_key: str, channel: str, recipient: str, max_items: int
) -> tuple[UUID | None, datetime | None]:
    """The message that can take further events, and when the newest message of the group went or goes out."""
    values = {"group_key": group_key, "channel": channel, "recipient": recipient, "max_items": max_items}
    row = session.execute(_query("find_open_notification"), values).one()
    return row.id, row.last_at


def claim_notifications(
    session: Session, channel: str, *, lease: timedelta, max_notifications: int
) -> Sequence[Row[Any]]:
    """id, doubts and lease_expires_at of each claimed message, the doubtful ones last."""
    values = {"channel": channel, "lease": lease, "max_notifications": max_notifications}
    return sorted(session.execute(_query("claim_notifications"), values).all(), key=lambda row: (row.doubts, row.id))


def begin_sending(session: Session, notification_id: UUID, lease_expires_at: datetime) -> bool:
    """Whether the message may leave now. False: its lease has ended, somebody else may have it."""
    values = {"notification_id": notification_id, "lease_expires_at": lease_expires_at}
    return session.execute(_query("begin_sending"), values).first() is not None


def settle_events(session: Session, notification_id: UUID) -> None:
    session.execute(_query("settle_events"), {"notification_id": notification_id})


def describe_events(session: Session, notification_id: UUID) -> Sequence[Row[Any]]:
    return session.execute(_query("describe_events"), {"notification_id": notification_id}).all()


def tell_unhealthy(session: Session) -> int:
    """How many posts are overdue without a reason; with any, the event `stack_unhealthy` is told once an hour."""
    return int(session.execute(text("select social_tell_unhealthy()")).scalar_one())
