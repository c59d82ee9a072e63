"""The audit log in pages, the newest first: who did what to what, and what it was before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, func, or_, select
from sqlalchemy.orm import Session

from socialpub.db.engine import transaction
from socialpub.errors import RuleRefusedError
from socialpub.models import AuditLogEntry, AuditSeal, ScheduledPublish

PAGE = 50
_LOOKED_AT = 20_000
"""How many entries one search looks at before it says so: there is no index that every writer would have to pay for."""
_MARGIN = timedelta(minutes=1)
_END = 2**62


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """`actor` and `action` are parts of those words; `entity_id` is a draft, post or Page; the times are aware."""

    actor: str = ""
    action: str = ""
    entity_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """`next_cursor` None is the end. `looked_back_to` is set where the search goes on beyond this page."""

    entries: Sequence[AuditLogEntry]
    next_cursor: int | None
    looked_back_to: datetime | None


@dataclass(frozen=True, slots=True)
class SealState:
    """The newest seal (0: none yet), and how many entries it does not cover."""

    number: int
    sealed_at: datetime | None
    digest: str
    newer_entries: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a field said before and says now; None where there was or is nothing."""

    field: str
    before: str | None
    after: str | None


def list_entries(
    engine: Engine, larp_id: UUID, wanted: AuditFilter, *, is_everywhere: bool, cursor: str = "", limit: int = PAGE
) -> AuditPage:
    """Of the LARP; with `is_everywhere` also what concerns no LARP, as the gate. Raises `RuleRefusedError`."""
    entry = AuditLogEntry
    with transaction(engine, actor="console") as session:
        conditions = _conditions(session, larp_id, wanted, is_everywhere=is_everywhere)
        before, after = _read_cursor(cursor), 0
        if wanted.until:
            before = min(before, _find_id(session, wanted.until + _MARGIN))
        if wanted.since:
            after = _find_id(session, wanted.since - _MARGIN) - 1
        looked_at = select(entry.id).where(entry.id < before, entry.id > after).order_by(entry.id.desc())
        if wanted.entity_id is None:
            conditions.append(entry.id.in_(looked_at.limit(_LOOKED_AT)))
        else:
            conditions += [entry.id < before, entry.id > after]
        rows = session.scalars(select(entry).where(*conditions).order_by(entry.id.desc()).limit(limit + 1)).all()
        if len(rows) > limit:
            return AuditPage(rows[:limit], rows[limit - 1].id, None)
        if wanted.entity_id is not None:
            return AuditPage(rows, None, None)
        last = session.execute(
            select(entry.id, entry.occurred_at).where(entry.id.in_(looked_at.offset(_LOOKED_AT - 1).limit(1)))
        ).first()
        return AuditPage(rows, last.id if last else None, last.occurred_at if last else None)


def describe_changes(entry: AuditLogEntry) -> list[Change]:
    """The fields that differ; of an entry that knows no before, all."""
    before: Mapping[str, Any] = entry.before or {}
    fields = before or entry.payload
    found = [Change(field, _say(before.get(field)), _say(entry.payload.get(field))) for field in fields]
    return [change for change in found if change.before != change.after]


def read_seal_state(engine: Engine) -> SealState:
    """The newest seal, and how many entries it does not cover yet."""
    with transaction(engine, actor="console") as session:
        seal = session.scalars(select(AuditSeal).order_by(AuditSeal.number.desc()).limit(1)).first()
        beyond = select(AuditLogEntry.id).where(AuditLogEntry.id > (seal.upto_id if seal else 0)).limit(_LOOKED_AT)
        newer = session.scalars(select(func.count()).select_from(beyond.subquery())).one()
    if seal is None:
        return SealState(0, None, "", newer)
    return SealState(seal.number, seal.sealed_at, seal.digest.hex(), newer)


def _conditions(
    session: Session, larp_id: UUID, wanted: AuditFilter, *, is_everywhere: bool
) -> list[ColumnElement[bool]]:
    entry = AuditLogEntry
    of_larp = entry.larp_id == larp_id
    found: list[ColumnElement[bool]] = [or_(of_larp, entry.larp_id.is_(None)) if is_everywhere else of_larp]
    if wanted.actor:
        found.append(func.strpos(func.lower(entry.actor), wanted.actor.lower()) > 0)
    if wanted.action:
        found.append(func.strpos(entry.action, wanted.action.lower().replace(" ", "_")) > 0)
    if wanted.entity_id:
        posts = session.scalars(select(ScheduledPublish.id).where(ScheduledPublish.draft_id == wanted.entity_id)).all()
        found.append(entry.entity_id.in_([wanted.entity_id, *posts]))
    if wanted.since:
        found.append(entry.occurred_at >= wanted.since)
    if wanted.until:
        found.append(entry.occurred_at < wanted.until)
    return found


def _find_id(session: Session, instant: datetime) -> int:
    """The first entry at or after the instant: entries lie in the order of their time, so halving finds it."""
    entry = AuditLogEntry
    low, high = 1, (session.scalars(select(func.max(entry.id))).one() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        at = session.scalars(select(entry.occurred_at).where(entry.id >= middle).order_by(entry.id).limit(1)).one()
        if at < instant:
            low = middle + 1
        else:
            high = middle
    return low


def _read_cursor(cursor: str) -> int:
    if not cursor:
        return _END
    if cursor.isdecimal() and len(cursor) < 19:
        return int(cursor)
    raise RuleRefusedError(
        "The cursor is not of this list.", next_step="begin without a cursor, with the same filters.", rule="cursor"
    )


def _say(value: object) -> str | None:
    return None if value is None else str(value)
