"""Scheduled posts of one LARP or several in pages: what is to come, what lies aside, what is live."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from socialpub.db.drafts import list_connections_of_larps
from socialpub.db.engine import transaction
from socialpub.db.queue import Place, find_titled, list_places, read_lines
from socialpub.errors import RuleRefusedError
from socialpub.models import DraftStatus, PostStatus, PublishAttempt, ScheduledPublish
from socialpub.services.resolve import match_facebook_post

PAGE = 50
"""How many posts one page of a list shows."""
_LOOKED_AT, _LOOKED_AT_OF_MANY = 5000, 500
"""How many posts one search for words looks at before it says so, of one LARP and of several."""
EARLIEST = Place(datetime(1, 1, 2, tzinfo=UTC), UUID(int=0))
LATEST = Place(datetime(9999, 12, 30, tzinfo=UTC), UUID(int=2**128 - 1))
_TO_COME = (PostStatus.PENDING, PostStatus.QUEUED, PostStatus.PUBLISHING, PostStatus.HANDED_OVER)
_ASIDE = (PostStatus.UNCONFIRMED, PostStatus.FAILED, PostStatus.MISSED)

STATES: dict[str, tuple[PostStatus, ...]] = {
    "to_come": _TO_COME,
    "needs_a_person": _ASIDE,
    **{status.value: (status,) for status in PostStatus},
}
"""What a list may be asked for: a single status, or several under one name."""


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """`state` is one of `STATES`; `since` and `until` (exclusive) are aware; `text` is an id or words of the title."""

    state: str = "to_come"
    page_id: str | None = None
    text: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class QueueLine:
    """A scheduled post as a list shows it; what belongs to a try is of its latest."""

    id: UUID
    draft_id: UUID
    status: str
    reason: str | None
    publish_at: datetime
    due_at: datetime
    wall_time: datetime | None
    time_zone: str | None
    published_at: datetime | None
    requested_now_at: datetime | None
    facebook_post_id: str | None
    permalink_url: str | None
    delivery: str
    handed_over_for: datetime | None
    title: str
    draft_status: str
    draft_version: int
    page_id: str
    page_name: str
    larp_id: UUID
    larp_title: str
    attempts: int
    dag_id: str | None
    run_id: str | None
    error_class: str | None
    fbtrace_id: str | None
    late_seconds: float | None
    """After its time; None when it is not late or never went out."""

    @property
    def can_requeue(self) -> bool:
        """Until somebody schedules its draft again."""
        return self.status in (PostStatus.FAILED, PostStatus.MISSED) and self.draft_status == DraftStatus.FAILED

    @property
    def can_publish_now(self) -> bool:
        return self.status == PostStatus.PENDING or self.can_requeue

    @property
    def can_resolve(self) -> bool:
        return self.status == PostStatus.UNCONFIRMED

    @property
    def can_move(self) -> bool:
        """Its time may still be another."""
        return self.status in (PostStatus.PENDING, PostStatus.HANDED_OVER)


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page of a list. `next_cursor` None is the end; `looked_at` is how far a search for words has come."""

    lines: tuple[QueueLine, ...]
    next_cursor: str | None
    looked_at: int | None = None


def list_posts(
    engine: Engine, larp_ids: Collection[UUID], wanted: QueueFilter, *, cursor: str | None = None, limit: int = PAGE
) -> QueuePage:
    """What is to come goes by time, the rest backwards. Raises `RuleRefusedError` for a cursor or state of its own."""
    query, is_backwards, statuses = _choose(wanted.state)
    with transaction(engine, actor="console") as session:
        connections = list_connections_of_larps(session, larp_ids)
        text = wanted.text.strip()
        if text and (found := _find_by_id(session, text, connections)):
            return QueuePage(to_lines(session, found), None)
        looked_at = _LOOKED_AT if len(larp_ids) == 1 else _LOOKED_AT_OF_MANY
        places = list_places(
            session, query, [one for one, page_id in connections.items() if wanted.page_id in (None, page_id)],
            statuses, edge=read_cursor(cursor) or (LATEST if is_backwards else EARLIEST),
            since=wanted.since or EARLIEST.publish_at, until=wanted.until or LATEST.publish_at,
            limit=looked_at if text else limit + 1, is_backwards=is_backwards,
        )  # fmt: skip
        if text:
            return _search(session, places, text, limit, has_more=len(places) == looked_at)
        shown = places[:limit]
        more = write_cursor(shown[-1]) if len(places) > limit else None
        return QueuePage(to_lines(session, [place.id for place in shown]), more)


def to_lines(session: Session, post_ids: Sequence[UUID]) -> tuple[QueueLine, ...]:
    """In the same order; ids that are none are left out."""
    rows = read_lines(session, post_ids)
    return tuple(QueueLine(*rows[post_id]) for post_id in post_ids if post_id in rows)


def read_queue_lines(engine: Engine, larp_ids: Collection[UUID], post_ids: Sequence[UUID]) -> tuple[QueueLine, ...]:
    """Those of the ids that are posts of the LARPs."""
    with transaction(engine, actor="console") as session:
        connections = list_connections_of_larps(session, larp_ids)
        return to_lines(session, _of_larp(session, ScheduledPublish.id.in_(post_ids), connections))


def write_cursor(place: Place) -> str:
    return f"{place.publish_at.isoformat()}~{place.id}"


def read_cursor(cursor: str | None) -> Place | None:
    """Raises `RuleRefusedError`."""
    if not cursor:
        return None
    try:
        at, post_id = cursor.split("~")
        place = Place(datetime.fromisoformat(at), UUID(post_id))
    except ValueError as error:
        raise _no_such("cursor", "begin without a cursor, with the same filters.") from error
    if place.publish_at.tzinfo is None:
        raise _no_such("cursor", "begin without a cursor, with the same filters.")
    return place


def _no_such(what: str, next_step: str) -> RuleRefusedError:
    return RuleRefusedError(f"The {what} is not of this list.", next_step=next_step, rule=what)


def _choose(state: str) -> tuple[str, bool, tuple[PostStatus, ...]]:
    """The query, whether it goes backwards, and the statuses that it shall show."""
    statuses = STATES.get(state)
    if statuses is None:
        raise _no_such("state", f"take one of {', '.join(STATES)}.")
    if statuses[0] in _TO_COME:
        return "list_posts_to_come", False, statuses
    if statuses[0] == PostStatus.PUBLISHED:
        return "list_live_posts", True, statuses
    return "list_posts_aside", True, statuses


def _search(session: Session, places: Sequence[Place], words: str, limit: int, *, has_more: bool) -> QueuePage:
    """The first of the places that have the words; the cursor goes on behind the last one that was looked at."""
    titled = find_titled(session, [place.id for place in places], words)
    found = [place for place in places if place.id in titled]
    if len(found) > limit:
        last: Place | None = found[limit - 1]
    else:
        last = places[-1] if has_more else None
    lines = to_lines(session, [place.id for place in found[:limit]])
    return QueuePage(lines, write_cursor(last) if last else None, looked_at=len(places))


def _find_by_id(session: Session, text: str, connections: Collection[UUID]) -> list[UUID]:
    """Posts that the text names: by their id, their draft's, the live post's or its address, or an fbtrace_id."""
    post = ScheduledPublish
    try:
        named = UUID(text)
    except ValueError:
        if live := match_facebook_post(text):
            return _of_larp(session, post.facebook_post_id == live, connections)
        traced = select(PublishAttempt.scheduled_post_id).where(PublishAttempt.fbtrace_id == text)
        return _of_larp(session, post.id.in_(session.scalars(traced.limit(PAGE)).all()), connections)
    return _of_larp(session, post.id == named, connections) or _of_larp(session, post.draft_id == named, connections)


def _of_larp(session: Session, condition: object, connections: Collection[UUID]) -> list[UUID]:
    chosen = select(ScheduledPublish.id).where(condition, ScheduledPublish.connection_id.in_(connections))  # type: ignore[arg-type]
    return list(session.scalars(chosen.order_by(ScheduledPublish.publish_at, ScheduledPublish.id)))
