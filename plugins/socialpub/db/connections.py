"""The set-based statements on connections: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, Uuid, bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from socialpub.db.sql_files import read_query

_TYPES: dict[str, TypeEngine[Any]] = {
    "connection_id": Uuid(),
}


@cache
def _query(name: str) -> TextClause:
    clause = text(read_query(name))
    return clause.bindparams(*(bindparam(key, type_=_TYPES[key]) for key in clause.compile().params if key in _TYPES))


def hold_posts(session: Session, connection_id: UUID) -> int:
    """Write the reason of a lost token on the Page's pending posts."""
    return len(session.execute(_query("hold_posts"), {"connection_id": connection_id}).all())


def hold_due_posts(session: Session) -> int:
    """The same for what is due by now, on all Pages without a usable token."""
    return len(session.execute(_query("hold_due_posts")).all())


def release_held_posts(session: Session, connection_id: UUID) -> int:
    return len(session.execute(_query("release_held_posts"), {"connection_id": connection_id}).all())
