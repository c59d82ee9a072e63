"""Deleting what nobody asks for any more: old events, answers and revocations, and uploads that were given up."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import timedelta

from sqlalchemy import Engine, Interval, bindparam, text

from socialpub.db.engine import transaction
from socialpub.db.sql_files import read_query


@dataclass(frozen=True, slots=True)
class TidyLimits:
    """How long each kind is kept."""

    events_kept: timedelta = timedelta(days=7)
    """Facebook delivers again for 36 hours; a person may look for longer."""
    answers_kept: timedelta = timedelta(hours=24)
    uploads_kept: timedelta = timedelta(days=2)
    """Of uploads that were not finished."""


def tidy_up(engine: Engine, limits: TidyLimits, *, actor: str) -> Counter[str]:
    """How many of each kind were deleted. Raises what `transaction` raises."""
    values = asdict(limits)
    clause = text(read_query("tidy_up")).bindparams(*(bindparam(name, type_=Interval()) for name in values))
    with transaction(engine, actor=actor) as session:
        row = session.execute(clause, values).one()
    return Counter(
        {
            "old events": row.events,
            "old answers": row.answers,
            "old revocations": row.tokens,
            "unfinished uploads": row.uploads,
        }
    )
