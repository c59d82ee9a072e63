"""The statements on events of Facebook's webhook: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Row, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from socialpub.db.sql_files import read_query
from socialpub.models import WebhookOutcome

_TYPES: dict[str, TypeEngine[Any]] = {"post_id": Uuid(), "since": DateTime(timezone=True), "outcome": Text()}


@cache
def _query(name: str) -> TextClause:
    clause = text(read_query(name))
    return clause.bindparams(*(bindparam(key, type_=_TYPES[key]) for key in clause.compile().params if key in _TYPES))


def store_events(session: Session, events: Sequence[dict[str, Any]]) -> int:
    """How many of them are new."""
    return len(session.execute(_query("store_webhook_events"), {"events": json.dumps(list(events))}).all())


def list_waiting_events(session: Session, *, max_events: int) -> list[int]:
    return list(session.scalars(_query("list_webhook_events"), {"max_events": max_events}))


def take_event(session: Session, event_id: int) -> Row[Any] | None:
    """Locked until the transaction ends; None when it is somebody else's or done with."""
    return session.execute(_query("take_webhook_event"), {"event_id": event_id}).first()


def list_live_events(session: Session, page_id: str, *, since: datetime) -> Sequence[Row[Any]]:
    return session.execute(_query("list_live_events"), {"page_id": page_id, "since": since}).all()


def settle_event(session: Session, event_id: int, outcome: WebhookOutcome) -> None:
    session.execute(_query("settle_webhook_event"), {"event_id": event_id, "outcome": outcome.value})


def note_removal(session: Session, post_id: UUID, details: dict[str, Any]) -> None:
    session.execute(_query("note_removal"), {"post_id": post_id, "details": json.dumps(details)})
