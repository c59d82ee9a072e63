"""Events of Facebook's webhook: stored at once, compared with our posts afterwards.

An event proves that a post is live, never that it is not. It may come late, twice and before the answer to the request
that made the post; so it moves only a post that waits for exactly this news, and one nobody knows of waits for a while.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Row, Select, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from socialpub.db import webhook as statements
from socialpub.db.engine import transaction
from socialpub.graph.read_back import CLOCK_TOLERANCE, Found, find_published
from socialpub.graph.webhook import PageEvent, describe_post, read_stored
from socialpub.models import (
    AttemptOutcome,
    FacebookPageConnection,
    PostStatus,
    ScheduledPublish,
    WebhookOutcome,
)
from socialpub.services.arm import LoadedPost, read_posts

log = logging.getLogger(__name__)

ACTOR = "facebook webhook"


@dataclass(frozen=True, slots=True)
class WebhookLimits:
    """How long an event of an unknown post waits for us to learn of the post, and how many are looked at in one go."""

    patience: timedelta = timedelta(minutes=10)
    max_events: int = 1000


def store_events(engine: Engine, events: Sequence[PageEvent]) -> int:
    """Keep them; returns how many were new. Raises what `transaction` raises, and then Facebook has to send again."""
    rows = [
        {
            "dedupe_key": event.dedupe_key,
            "page_id": event.page_id,
            "facebook_post_id": event.post_id,
            "payload": event.value,
            "event_at": event.happened_at.isoformat(),
            "is_relevant": event.is_live or event.is_removal,
        }
        for event in events
    ]
    with transaction(engine, actor=ACTOR) as session:
        return statements.store_events(session, rows)


def process_events(engine: Engine, limits: WebhookLimits) -> Counter[str]:
    """Compare what waits with our posts, in the order in which it happened; returns how many came to what.

    Each event is one transaction, so several processes may do this at once. Raises what `transaction` raises.
    """
    ended = Counter[str]()
    with transaction(engine, actor=ACTOR) as session:
        waiting = statements.list_waiting_events(session, max_events=limits.max_events)
    for event_id in waiting:
        try:
            with transaction(engine, actor=ACTOR) as session:
                ended[_process(session, event_id, limits)] += 1
        except DBAPIError:  # Refused by a rule of the schema: it must not be in the way of the others.
            log.exception("Event %s of Facebook's webhook can't be processed", event_id)
            ended["failed"] += 1
    return ended


def _process(session: Session, event_id: int, limits: WebhookLimits) -> str:
    row = statements.take_event(session, event_id)
    if row is None:
        return "taken by another"
    event = _read(row)
    outcome = _note_removal(session, event) if event.is_removal else _take_as_live(session, event)
    if outcome is None:
        if _may_become_ours(session, event, row.received_at, limits):
            return "waiting"
        outcome = WebhookOutcome.NOT_OURS
    statements.settle_event(session, event_id, outcome)
    return outcome.value


def _read(row: Row[Any]) -> PageEvent:
    return read_stored(row.page_id, row.payload, row.event_at)


def _take_as_live(session: Session, event: PageEvent) -> WebhookOutcome | None:
    """None when no post of ours is known to be this one (yet)."""
    post = _find_by_id(session, event)
    if post is not None and post.status != PostStatus.HANDED_OVER:
        return WebhookOutcome.KNOWN
    post = post or _find_unconfirmed(session, event)
    if post is None:
        return None
    assert event.post_id is not None, "only a post's event says that it is live"
    if post.status == PostStatus.UNCONFIRMED:
        post.attempts[-1].outcome = AttemptOutcome.PUBLISHED
    post.mark_published(event.post_id, permalink_url=None, published_at=_published_at(session, post, event))
    log.info("Scheduled post %s is live as %s, Facebook's webhook says", post.id, event.post_id)
    return WebhookOutcome.PUBLISHED


def _published_at(session: Session, post: ScheduledPublish, event: PageEvent) -> datetime:
    """When it went live. Nothing that Facebook holds is live before its time, and nothing is in the future."""
    now: datetime = session.scalars(select(func.clock_timestamp())).one()
    return now if post.handed_over_for is None else min(max(event.happened_at, post.handed_over_for), now)


def _note_removal(session: Session, event: PageEvent) -> WebhookOutcome | None:
    post = _find_by_id(session, event)
    if post is None:
        return None
    if post.status != PostStatus.PUBLISHED:
        return WebhookOutcome.KNOWN  # Facebook holds it: whether it is gone is for `verify_handed_over_posts` to prove.
    details = {"facebook_post_id": event.post_id, "removed_at": event.happened_at.isoformat()}
    statements.note_removal(session, post.id, details)
    log.warning("Scheduled post %s was removed on Facebook", post.id)
    return WebhookOutcome.REMOVAL_NOTED


def _find_by_id(session: Session, event: PageEvent) -> ScheduledPublish | None:
    """Locked. A video that Facebook holds is known by the video's own id."""
    video_id = event.value.get("video_id")
    ids = [event.post_id, *([str(video_id)] if video_id else [])]
    return session.scalars(
        select(ScheduledPublish)
        .join(FacebookPageConnection)
        .where(ScheduledPublish.facebook_post_id.in_(ids), FacebookPageConnection.page_id == event.page_id)
        .with_for_update(of=ScheduledPublish)
    ).first()


def _find_unconfirmed(session: Session, event: PageEvent) -> ScheduledPublish | None:
    """The one unconfirmed post that can only be this one, locked; None when there is none or more than one."""
    ids = session.scalars(_select_posts(event, PostStatus.UNCONFIRMED)).all()
    sure = [post.id for post in read_posts(session, ids) if _is_surely(session, event, post)]
    if len(sure) != 1:
        return None
    post = session.get_one(ScheduledPublish, sure[0], with_for_update={"of": ScheduledPublish}, populate_existing=True)
    return post if post.status == PostStatus.UNCONFIRMED else None


def _is_surely(session: Session, event: PageEvent, post: LoadedPost) -> bool:
    if post.video is not None:
        video_id = post.video.facebook_media_id
        return video_id is not None and str(event.value.get("video_id")) == video_id
    if post.attempt is None or post.attempt.sent_at is None:
        return False
    sent_at = post.attempt.sent_at
    since = sent_at - CLOCK_TOLERANCE
    reported = [_read(row) for row in statements.list_live_events(session, event.page_id, since=since)]
    live = [describe_post(other) for other in reported if other.is_live]
    known_ids = _known_ids(session, [other.id for other in live])
    found = find_published(live, post=post.content, application_id="", not_before=sent_at, known_ids=known_ids)
    return isinstance(found, Found) and found.post.id == event.post_id


def _known_ids(session: Session, ids: Sequence[str]) -> set[str]:
    """Those that rows of ours have: two equal texts on one Page are two posts."""
    known = session.scalars(select(ScheduledPublish.facebook_post_id).where(ScheduledPublish.facebook_post_id.in_(ids)))
    return {post_id for post_id in known if post_id}


def _may_become_ours(session: Session, event: PageEvent, received_at: datetime, limits: WebhookLimits) -> bool:
    """The event of a post often comes before the answer to the request that made it."""
    age = session.scalars(select(func.clock_timestamp())).one() - received_at
    on_their_way = _select_posts(event, PostStatus.PUBLISHING, PostStatus.UNCONFIRMED)
    return age < limits.patience or session.scalars(on_their_way).first() is not None


def _select_posts(event: PageEvent, *statuses: PostStatus) -> Select[tuple[UUID]]:
    return (
        select(ScheduledPublish.id)
        .join(FacebookPageConnection)
        .where(FacebookPageConnection.page_id == event.page_id, ScheduledPublish.status.in_(statuses))
    )
