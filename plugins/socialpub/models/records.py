"""Rows that triggers write and other parts read: the audit log, the outbox, and what Facebook's webhook sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from socialpub.models.base import Base, WrittenNow


class AuditLogEntry(Base):
    """Who did what, when, and what the row looked like afterwards. Append-only."""

    __tablename__ = "social_audit_log"
    __table_args__ = (
        Index("social_audit_log_by_entity", "entity_id", "id"),
        Index(
            "social_audit_log_by_transaction",
            "written_in",
            postgresql_using="brin",
            postgresql_with={"pages_per_range": 32, "autosummarize": "on"},
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    occurred_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    actor: Mapped[str]
    action: Mapped[str]
    larp_id: Mapped[UUID | None]
    entity_id: Mapped[UUID]
    payload: Mapped[dict[str, Any]]
    before: Mapped[dict[str, Any] | None]
    """What stood there before, where something did."""
    request_id: Mapped[str | None] = mapped_column(
        server_default=text("NULLIF(current_setting('socialpub.request_id'::text, true), ''::text)")
    )
    written_in: Mapped[int] = mapped_column(BigInteger, server_default=text("(pg_current_xact_id()::text::bigint)"))
    """The transaction."""


class AuditSeal(Base):
    """One link of the chain over the audit log; see migration 0011."""

    __tablename__ = "social_audit_seals"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    cluster: Mapped[int] = mapped_column(BigInteger)
    base_id: Mapped[int] = mapped_column(BigInteger)
    after_transaction: Mapped[int] = mapped_column(BigInteger)
    after_id: Mapped[int] = mapped_column(BigInteger)
    upto_transaction: Mapped[int] = mapped_column(BigInteger)
    upto_id: Mapped[int] = mapped_column(BigInteger)
    row_count: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[bytes]
    sealed_at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))


class OutboxEvent(Base):
    """An event that somebody wants to hear of, written in the transaction of the change it reports."""

    __tablename__ = "social_outbox"
    __table_args__ = (
        Index("social_outbox_unrouted", "id", postgresql_where=text("routed_at is null")),
        Index(
            "social_outbox_unannounced",
            "created_at",
            postgresql_where=text("event = 'SocialPublishSucceededEvent' and announced_at is null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event: Mapped[str]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    larp_id: Mapped[UUID | None]
    draft_id: Mapped[UUID | None]
    scheduled_post_id: Mapped[UUID | None]
    connection_id: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    created_at: Mapped[WrittenNow]
    routed_at: Mapped[datetime | None]
    """When its messages were made; they are what is sent and tried again."""
    delivered_at: Mapped[datetime | None]
    """When the last of them was sent, or when it turned out that nobody wants to hear of it."""
    dead_at: Mapped[datetime | None]
    announced_at: Mapped[datetime | None]
    """Of a published post: when Airflow took it as an event of its asset *facebook_page_post*."""


class WebhookEvent(Base):
    """One notification of Facebook's `feed` webhook, kept until it was compared with the posts, and some days more."""

    __tablename__ = "social_webhook_events"
    __table_args__ = (
        Index("social_webhook_events_waiting", "event_at", "id", postgresql_where=text("processed_at is null")),
        Index("social_webhook_events_by_post", "facebook_post_id"),
        Index("social_webhook_events_by_age", "processed_at", postgresql_where=text("processed_at is not null")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    page_id: Mapped[str]
    facebook_post_id: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    received_at: Mapped[WrittenNow]
    processed_at: Mapped[datetime | None]
    event_at: Mapped[WrittenNow]
    """When it happened at Facebook; events come late, twice, and in any order."""
    outcome: Mapped[str | None]
    """`WebhookOutcome`; None as long as it waits."""
