"""The statements behind the digest: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Row, TextClause, Uuid, bindparam, func, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from socialpub.db.sql_files import read_query
from socialpub.models import SentDigest

_INSTANT = DateTime(timezone=True)
_TYPES: dict[str, TypeEngine[Any]] = {
    "larp_id": Uuid(),
    "now": _INSTANT,
    "starts_at": _INSTANT,
    "ends_at": _INSTANT,
}


@cache
def _query(name: str) -> TextClause:
    clause = text(read_query(name))
    return clause.bindparams(*(bindparam(key, type_=_TYPES[key]) for key in clause.compile().params if key in _TYPES))


def read_coming_posts(session: Session, larp_id: UUID, now: datetime) -> Sequence[Row[Any]]:
    """What is still to go out within seven days, in its order."""
    return session.execute(_query("digest_posts"), {"larp_id": larp_id, "now": now}).all()


def read_results(session: Session, larp_id: UUID, starts_at: datetime, ends_at: datetime) -> Sequence[Row[Any]]:
    values = {"larp_id": larp_id, "starts_at": starts_at, "ends_at": ends_at}
    return session.execute(_query("digest_yesterday"), values).all()


def read_needs(session: Session, larp_id: UUID, now: datetime) -> Sequence[Row[Any]]:
    """Posts and drafts that wait for a person, the newest first, at most 200."""
    return session.execute(_query("digest_needs"), {"larp_id": larp_id, "now": now}).all()


def claim_digest(session: Session, larp_id: UUID, day: date, *, is_forced: bool) -> bool:
    """Whether this transaction is the one that makes the LARP's digest of the day; a forced one always is."""
    claim = insert(SentDigest).values(larp_id=larp_id, local_date=day)
    keys = [SentDigest.larp_id, SentDigest.local_date]
    if is_forced:
        claim = claim.on_conflict_do_update(index_elements=keys, set_={"sent_at": func.now()})
    else:
        claim = claim.on_conflict_do_nothing(index_elements=keys)
    return session.execute(claim.returning(SentDigest.larp_id)).first() is not None
