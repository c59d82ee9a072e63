"""Who hears of what, and the messages on their way."""

from __future__ import annotations

import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from socialpub.models.base import Base, UuidKey, WrittenNow


class Channel(StrEnum):
    EMAIL = "email"
    SLACK = "slack"
    OFF = "off"
    """Nobody hears of it."""


class NotificationRoute(Base):
    """Where an event of a LARP goes. The most specific routes win: LARP and event, LARP, event, all."""

    __tablename__ = "social_notification_routes"
    __table_args__ = (
        Index(
            "one_route_per_recipient",
            text("COALESCE(larp_id, '00000000-0000-0000-0000-000000000000'::uuid)"),
            "event",
            "channel",
            "recipient",
            unique=True,
        ),
    )

    id: Mapped[UuidKey]
    larp_id: Mapped[UUID | None] = mapped_column(ForeignKey("larps.id"))
    event: Mapped[str] = mapped_column(server_default="*")
    channel: Mapped[str]
    recipient: Mapped[str] = mapped_column(server_default="")
    quiet_from: Mapped[datetime.time | None]
    quiet_until: Mapped[datetime.time | None]
    time_zone: Mapped[str | None]
    """Of the quiet hours; None is the LARP's own."""
    skip_empty: Mapped[bool] = mapped_column(server_default=text("false"))
    """Of the digest: say nothing on a day without anything to say."""
    created_at: Mapped[WrittenNow]


class Notification(Base):
    """One message to one recipient, about one or several events of one kind; or one digest."""

    __tablename__ = "social_notifications"
    __table_args__ = (
        Index(
            "social_notifications_waiting",
            "next_attempt_at",
            postgresql_where=text("sent_at is null and dead_at is null"),
        ),
        Index("social_notifications_by_group", "group_key", "channel", "recipient", "created_at"),
    )

    id: Mapped[UuidKey]
    event: Mapped[str]
    group_key: Mapped[str]
    larp_id: Mapped[UUID | None]
    channel: Mapped[str]
    recipient: Mapped[str]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    content: Mapped[dict[str, Any] | None]
    """A message that was written when it was made (a digest); None for one that is written when it is sent."""
    created_at: Mapped[WrittenNow]
    next_attempt_at: Mapped[WrittenNow]
    lease_expires_at: Mapped[datetime.datetime | None]
    sending_at: Mapped[datetime.datetime | None]
    """Set before the message leaves and cleared with its answer: still set afterwards, it may have arrived."""
    attempts: Mapped[int] = mapped_column(server_default="0")
    doubts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    """How many sends ended without an answer. After two it is not sent again by itself."""
    last_error: Mapped[str | None]
    sent_at: Mapped[datetime.datetime | None]
    dead_at: Mapped[datetime.datetime | None]


class NotificationEvent(Base):
    """Which events a message tells of."""

    __tablename__ = "social_notification_events"
    __table_args__ = (Index("social_notification_events_by_event", "event_id"),)

    notification_id: Mapped[UUID] = mapped_column(ForeignKey("social_notifications.id"), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("social_outbox.id"), primary_key=True)


class SentDigest(Base):
    """That a LARP's digest of a local day was made: one a day, whatever its clock does."""

    __tablename__ = "social_digests"

    larp_id: Mapped[UUID] = mapped_column(ForeignKey("larps.id"), primary_key=True)
    local_date: Mapped[datetime.date] = mapped_column(primary_key=True)
    sent_at: Mapped[WrittenNow]
