"""The statements of a restore: one file in `include/sql/queries`, one function here or one step of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Interval, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from socialpub.db.posts import Run
from socialpub.db.sql_files import read_query

_TYPES: dict[str, TypeEngine[Any]] = {
    "claim_ahead": Interval(),
    "max_ahead": Interval(),
    "look_again_after": Interval(),
    "dumped_at": DateTime(timezone=True),
    "post_ids": ARRAY(Uuid()),
    "reason": Text(),
}


@cache
def _query(name: str) -> TextClause:
    clause = text(read_query(name))
    return clause.bindparams(*(bindparam(key, type_=_TYPES[key]) for key in clause.compile().params if key in _TYPES))


def find_doubtful_posts(session: Session, *, claim_ahead: timedelta, max_ahead: timedelta) -> list[UUID]:
    """Those that may have been sent, or handed over to Facebook, since the dump; locked."""
    return list(session.scalars(_query("find_doubtful_posts"), {"claim_ahead": claim_ahead, "max_ahead": max_ahead}))


def doubt_posts(
    session: Session,
    run: Run,
    post_ids: Sequence[UUID],
    *,
    dumped_at: datetime,
    reason: str,
    look_again_after: timedelta,
) -> None:
    """Make these posts unconfirmed, by legal moves; statements of their own, for a statement moves a row once."""
    whose = {"post_ids": list(post_ids), "claimed_by": str(run)}
    session.execute(_query("own_doubtful_posts"), whose)
    session.execute(_query("close_attempts_of_dump"), {"post_ids": list(post_ids), "reason": reason})
    session.execute(_query("fence_doubtful_posts"), whose)
    session.execute(
        _query("doubt_posts"), {"post_ids": list(post_ids), "reason": reason, "look_again_after": look_again_after}
    )
    stands_for = {"dag_id": run.dag_id, "run_id": run.run_id, "dumped_at": dumped_at}
    session.execute(_query("open_doubt"), {"post_ids": list(post_ids), "reason": reason, **stands_for})


def read_last_restore(session: Session) -> datetime | None:
    """When the database was last restored; what is older may know less than Facebook."""
    restored_at: datetime | None = session.scalars(_query("read_last_restore")).one()
    return restored_at
