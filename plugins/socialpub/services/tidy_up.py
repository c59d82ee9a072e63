"""Deleting what nobody asks for any more: old events, answers and revocations, uploads given up, and unused files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
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
    finished_kept: timedelta = timedelta(days=7)
    """Of uploads that were, since they were last taken up. A file that no draft shows then goes too."""


def tidy_up(engine: Engine, limits: TidyLimits, *, actor: str) -> Counter[str]:
    """How many of each kind were deleted. Raises what `transaction` raises."""
    values = {name: kept for name, kept in asdict(limits).items() if name != "finished_kept"}
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


def forget_uploads(engine: Engine, limits: TidyLimits, remove: Callable[[str], None], *, actor: str) -> Counter[str]:
    """Forget old uploads, a hundred a run, and `remove` the files that no draft took up.

    A row goes only after its file. Raises what `remove` and `transaction` raise; then the next run does it again.
    """
    clause = text(read_query("forget_uploads")).bindparams(bindparam("finished_kept", type_=Interval()))
    with transaction(engine, actor=actor) as session:
        forgotten = session.execute(clause, {"finished_kept": limits.finished_kept}).all()
        unused = [upload.storage_path for upload in forgotten if not upload.is_shown]
        for path in unused:
            remove(path)
    return Counter({"old uploads": len(forgotten), "unused files": len(unused)})
