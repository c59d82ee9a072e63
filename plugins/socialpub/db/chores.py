"""The statements of what is done beside publishing: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from uuid import UUID

from sqlalchemy import Interval, TextClause, bindparam, text
from sqlalchemy.orm import Session

from socialpub.db.posts import Run
from socialpub.db.sql_files import read_query

_INTERVALS = (
    *("min_ahead", "max_ahead", "again_after", "lease", "look_after", "first_wait"),
    *("events_kept", "answers_kept", "uploads_kept", "finished_kept"),
)


@dataclass(frozen=True, slots=True)
class Chores:
    """Whether there is anything to do, by the kind of work."""

    has_posts_to_hand_over: bool
    has_posts_to_verify: bool
    has_cleanups: bool
    has_first_comments: bool
    has_webhook_events: bool
    has_old_rows: bool


@cache
def _query(name: str) -> TextClause:
    clause = text(read_query(name))
    return clause.bindparams(
        *(bindparam(key, type_=Interval()) for key in clause.compile().params if key in _INTERVALS)
    )


def find_chores(
    session: Session,
    *,
    min_ahead: timedelta,
    max_ahead: timedelta,
    look_after: timedelta,
    max_cleanups: int,
    events_kept: timedelta,
    answers_kept: timedelta,
    uploads_kept: timedelta,
    finished_kept: timedelta,
) -> Chores:
    """`max_cleanups` is how often a clean-up is tried."""
    params: dict[str, object] = {"min_ahead": min_ahead, "max_ahead": max_ahead, "look_after": look_after}
    params |= {"max_cleanups": max_cleanups}
    params |= {"events_kept": events_kept, "answers_kept": answers_kept, "uploads_kept": uploads_kept}
    params["finished_kept"] = finished_kept
    return Chores(*session.execute(_query("find_chores"), params).one())


def claim_post_to_hand_over(
    session: Session, run: Run, *, min_ahead: timedelta, max_ahead: timedelta, again_after: timedelta, lease: timedelta
) -> UUID | None:
    """The id of a post that this run owns now, with an open attempt; None when there is none (left)."""
    window = {"min_ahead": min_ahead, "max_ahead": max_ahead, "again_after": again_after, "lease": lease}
    whose = {"claimed_by": str(run), "dag_id": run.dag_id, "run_id": run.run_id}
    post_id: UUID | None = session.execute(_query("claim_post_to_hand_over"), {**window, **whose}).scalar()
    return post_id


def list_posts_to_verify(session: Session, *, look_after: timedelta, max_posts: int) -> list[UUID]:
    params = {"look_after": look_after, "max_posts": max_posts}
    return list(session.scalars(_query("list_posts_to_verify"), params))


def take_cleanup(session: Session, *, max_tries: int, first_wait: timedelta) -> int | None:
    """The id of a clean-up whose try is counted by this; None when none is due."""
    cleanup_id: int | None = session.execute(
        _query("take_cleanup"), {"max_tries": max_tries, "first_wait": first_wait}
    ).scalar()
    return cleanup_id


def claim_first_comment(session: Session) -> UUID | None:
    """The scheduled post whose comment is this transaction's to post once it is committed; None when none is due."""
    post_id: UUID | None = session.execute(_query("claim_first_comment")).scalar()
    return post_id
