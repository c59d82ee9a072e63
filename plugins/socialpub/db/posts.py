"""The set-based statements on scheduled posts: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, DateTime, Interval, Row, Text, TextClause, Uuid, bindparam, insert, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from socialpub.db.sql_files import read_query
from socialpub.models import ScheduledPublish


@dataclass(frozen=True, slots=True)
class Run:
    """The DAG run that owns what it claims."""

    dag_id: str
    run_id: str

    def __str__(self) -> str:
        return f"{self.dag_id}/{self.run_id}"


@dataclass(frozen=True, slots=True)
class ClaimedPost:
    id: UUID
    connection_id: UUID


@dataclass(frozen=True, slots=True)
class Answered:
    """What Facebook gave for a post that it took, and when that was known."""

    facebook_post_id: str
    permalink_url: str | None
    published_at: datetime
    fbtrace_id: str | None = None


@dataclass(frozen=True, slots=True)
class LaneDescription:
    """How many posts and Pages a lane holds, and its earliest post."""

    posts: int
    pages: int
    page_name: str | None
    title: str | None
    publish_at: datetime | None
    time_zone: str | None


@dataclass(frozen=True, slots=True)
class HeldPosts:
    """Due posts of one Page that are left alone, and why."""

    page_id: str
    page_name: str
    why: str
    posts: int


_TYPES: dict[str, TypeEngine[Any]] = {
    "claim_ahead": Interval(),
    "lease": Interval(),
    "lifetime": Interval(),
    "upload_ahead": Interval(),
    "fence_ahead": Interval(),
    "look_again_after": Interval(),
    "overdue_after": Interval(),
    "pace": Interval(),
    "page_ids": ARRAY(Uuid()),
    "hold_for": Interval(),
    "error_class": Text(),
    "reason": Text(),
    "actor": Text(),
    "post_ids": ARRAY(Uuid()),
    "post_id": Uuid(),
    "attempt_id": Uuid(),
    "attempt_ids": ARRAY(Uuid()),
    "content_hashes": ARRAY(Text()),
    "facebook_post_ids": ARRAY(Text()),
    "fbtrace_ids": ARRAY(Text()),
    "permalink_urls": ARRAY(Text()),
    "published_at": ARRAY(DateTime(timezone=True)),
}


@cache
def _query(name: str) -> TextClause:
    clause = text(read_query(name))
    return clause.bindparams(*(bindparam(key, type_=_TYPES[key]) for key in clause.compile().params if key in _TYPES))


def claim_due_posts(
    session: Session, run: Run, *, claim_ahead: timedelta, overdue_after: timedelta, lease: timedelta, max_posts: int
) -> list[ClaimedPost]:
    params = {"claim_ahead": claim_ahead, "overdue_after": overdue_after, "lease": lease, "max_posts": max_posts}
    return _own(session, run, session.execute(_query("claim_due_posts"), {"claimed_by": str(run), **params}))


def claim_overdue_posts(
    session: Session,
    run: Run,
    *,
    pace: timedelta,
    claim_ahead: timedelta,
    overdue_after: timedelta,
    lease: timedelta,
    max_posts: int,
) -> list[ClaimedPost]:
    """Each Page's overdue posts get slots `pace` apart; two statements, so that the second sees the locked Pages."""
    pages = list(session.scalars(_query("lock_overdue_pages"), {"overdue_after": overdue_after}))
    params = {"pace": pace, "claim_ahead": claim_ahead, "overdue_after": overdue_after, "lease": lease}
    whose = {"claimed_by": str(run), "page_ids": pages, "max_posts": max_posts}
    return _own(session, run, session.execute(_query("claim_overdue_posts"), {**params, **whose}))


def _own(session: Session, run: Run, rows: Iterable[Row[Any]]) -> list[ClaimedPost]:
    claimed = [ClaimedPost(*row) for row in rows]
    open_attempts(session, run, [post.id for post in claimed])
    return claimed


def claim_post_now(session: Session, run: Run, post_id: UUID, *, actor: str, reason: str, lease: timedelta) -> bool:
    """Whether the run owns the post now."""
    params = {"claimed_by": str(run), "post_id": post_id, "actor": actor, "reason": reason, "lease": lease}
    is_ours = session.execute(_query("claim_post_now"), params).first() is not None
    open_attempts(session, run, [post_id])
    return is_ours


def schedule_draft(session: Session, draft_id: UUID, *, publish_at: datetime, actor: str) -> UUID:
    """A new scheduled post of an approved or failed draft; Page, content and draft status follow by trigger."""
    # Only what the publisher's role may write: an ORM insert would name every column.
    values = {"draft_id": draft_id, "publish_at": publish_at, "created_by": actor}
    return session.scalars(insert(ScheduledPublish).values(values).returning(ScheduledPublish.id)).one()


def release_expired_leases(session: Session, *, max_posts: int) -> list[UUID]:
    return list(session.scalars(_query("release_expired_leases"), {"max_posts": max_posts}))


def suspect_expired_sends(session: Session, *, look_again_after: timedelta, max_posts: int) -> list[UUID]:
    params = {"look_again_after": look_again_after, "max_posts": max_posts}
    return list(session.scalars(_query("suspect_expired_sends"), params))


def miss_late_posts(session: Session, *, max_posts: int) -> list[UUID]:
    return list(session.scalars(_query("miss_late_posts"), {"max_posts": max_posts}))


def take_unconfirmed_posts(session: Session, *, look_again_after: timedelta, max_posts: int) -> list[ClaimedPost]:
    params = {"look_again_after": look_again_after, "max_posts": max_posts}
    return [ClaimedPost(*row) for row in session.execute(_query("take_unconfirmed_posts"), params)]


def count_held_posts(session: Session) -> list[HeldPosts]:
    return [HeldPosts(*row) for row in session.execute(_query("count_held_posts"))]


def find_posts_to_upload(
    session: Session, *, claim_ahead: timedelta, upload_ahead: timedelta, lifetime: timedelta, max_posts: int
) -> list[UUID]:
    params = {"claim_ahead": claim_ahead, "upload_ahead": upload_ahead, "lifetime": lifetime, "max_posts": max_posts}
    return list(session.scalars(_query("find_posts_to_upload"), params))


def open_attempts(session: Session, run: Run, post_ids: Sequence[UUID]) -> None:
    params = {"claimed_by": str(run), "dag_id": run.dag_id, "run_id": run.run_id, "post_ids": list(post_ids)}
    session.execute(_query("open_attempt"), params)


def pass_fences(
    session: Session, run: Run, content_hashes: Mapping[UUID, str], *, lease: timedelta, fence_ahead: timedelta
) -> dict[UUID, datetime]:
    """Which of the attempts (given with what they would send) may send now, and since when."""
    params = {
        "claimed_by": str(run),
        "attempt_ids": list(content_hashes),
        "content_hashes": list(content_hashes.values()),
        "lease": lease,
        "fence_ahead": fence_ahead,
    }
    return {row.id: row.sent_at for row in session.execute(_query("pass_fences"), params)}


def pass_fence(
    session: Session, run: Run, attempt_id: UUID, *, content_hash: str, lease: timedelta, fence_ahead: timedelta
) -> datetime | None:
    """When the fence was passed; None when the post may not be sent by this attempt (any more)."""
    session.execute(_query("lock_post_of_attempt"), {"attempt_id": attempt_id})
    return pass_fences(session, run, {attempt_id: content_hash}, lease=lease, fence_ahead=fence_ahead).get(attempt_id)


def record_published(session: Session, answers: Mapping[UUID, Answered]) -> set[UUID]:
    """Write down what the attempts published; returns those that were written."""
    params = {
        "attempt_ids": list(answers),
        "facebook_post_ids": [answer.facebook_post_id for answer in answers.values()],
        "permalink_urls": [answer.permalink_url for answer in answers.values()],
        "published_at": [answer.published_at for answer in answers.values()],
        "fbtrace_ids": [answer.fbtrace_id for answer in answers.values()],
    }
    return set(session.scalars(_query("record_published"), params))


def release_posts(
    session: Session,
    run: Run,
    post_ids: Sequence[UUID],
    *,
    reason: str,
    error_class: str | None = None,
    hold_for: timedelta | None = None,
) -> None:
    params = {"claimed_by": str(run), "post_ids": list(post_ids), "reason": reason}
    session.execute(_query("release_posts"), {**params, "error_class": error_class, "hold_for": hold_for})


def find_posts_behind_others(session: Session, post_ids: Collection[UUID]) -> set[UUID]:
    """Those that have to wait for an earlier post of their Page."""
    return set(session.scalars(_query("find_posts_behind_others"), {"post_ids": list(post_ids)}))


def describe_lane(session: Session, post_ids: Collection[UUID]) -> LaneDescription:
    return LaneDescription(*session.execute(_query("describe_lane"), {"post_ids": list(post_ids)}).one())
