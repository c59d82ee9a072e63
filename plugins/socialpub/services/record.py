"""Writing down what became of a post: attempt closed and post moved in one transaction, the post locked first."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from socialpub.db.engine import transaction
from socialpub.db.group import Group
from socialpub.db.patience import wait_for_database
from socialpub.db.posts import Answered, record_published
from socialpub.graph.usage import Usage
from socialpub.models import AttemptOutcome, PostStatus, PublishAttempt, PublishingGate, ScheduledPublish
from socialpub.services.holds import lose_token
from socialpub.services.outcomes import Failed, Held, Outcome, Published, RateLimited, Retry, Trouble, Unconfirmed

log = logging.getLogger(__name__)

_NEARLY_USED_UP = 90.0  # per cent of a quota that Facebook counts over a sliding hour
_REST = timedelta(minutes=5)

_ATTEMPT_OUTCOMES: dict[type[Outcome], AttemptOutcome] = {
    Published: AttemptOutcome.PUBLISHED,
    Retry: AttemptOutcome.RETRY,
    RateLimited: AttemptOutcome.RATE_LIMITED,
    Failed: AttemptOutcome.FAILED,
    Unconfirmed: AttemptOutcome.UNCONFIRMED,
    Held: AttemptOutcome.RELEASED,
}


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes outcomes of one run."""

    engine: Engine
    actor: str
    grace: timedelta = timedelta(minutes=2)
    """How long after its retry is due a post stays with its run before the scan takes over."""

    group: Group[UUID, Answered] = field(default_factory=Group, init=False)

    def record_outcome(self, attempt_id: UUID, outcome: Outcome, *, now: datetime) -> PostStatus:
        """Save `outcome`; returns the post's status afterwards. An answer that comes after the rescue still counts."""
        if isinstance(outcome, Published) and not _is_nearly_used_up(outcome.usage):
            answer = Answered(outcome.facebook_post_id, outcome.permalink_url, now, outcome.fbtrace_id)
            if self.group.join(attempt_id, answer, self._record_published):
                return PostStatus.PUBLISHED
        return self._record_alone(attempt_id, outcome, now)

    @wait_for_database
    def record_processing(self, attempt_id: UUID, video_id: str, *, lease_expires_at: datetime) -> None:
        """Facebook has the whole video and works on it: the attempt stays open, and the post with its run until then.

        Once nobody asks any more how far it is, the lease ends, and the scan has the post looked up.
        """
        with transaction(self.engine, actor=self.actor) as session:
            attempt, post = lock_attempt(session, attempt_id)
            if post.status == PostStatus.PUBLISHING and attempt.outcome is None:
                post.status_reason = "Facebook has the video and processes it."
                post.lease_expires_at = lease_expires_at
                attempt.response_payload = {"video_id": video_id}

    def _record_published(self, answers: Mapping[UUID, Answered]) -> Collection[UUID]:
        with transaction(self.engine, actor=self.actor) as session:
            return record_published(session, answers)

    @wait_for_database  # What Facebook answered is known only here until it is saved.
    def _record_alone(self, attempt_id: UUID, outcome: Outcome, now: datetime) -> PostStatus:
        with transaction(self.engine, actor=self.actor) as session:
            attempt, post = lock_attempt(session, attempt_id)
            if post.is_final or attempt.outcome not in (None, AttemptOutcome.UNCONFIRMED):
                log.warning("Post %s is %s already; attempt answered late: %s", post.id, post.status, outcome)
                return PostStatus(post.status)
            close_attempt(attempt, outcome, now)
            self._move(session, post, outcome, now)
            return PostStatus(post.status)

    def _move(self, session: Session, post: ScheduledPublish, outcome: Outcome, now: datetime) -> None:
        match outcome:
            case Published():
                post.mark_published(outcome.facebook_post_id, permalink_url=outcome.permalink_url, published_at=now)
                spare_what_is_left(session, post, outcome.usage, now)
            case Failed():
                post.mark_failed(outcome.trouble.reason)
            case Unconfirmed():
                if post.status != PostStatus.UNCONFIRMED:
                    post.mark_unconfirmed(outcome.trouble.reason, check_at=outcome.check_at)
            case Retry():
                self._keep_for_later(post, outcome.trouble, outcome.next_attempt_at)
            case RateLimited():
                (lock_gate(session) if outcome.is_of_app else post.connection).close_until(outcome.regain_at)
                self._keep_for_later(post, outcome.trouble, outcome.regain_at)
            case Held():
                _hold(session, post, outcome, now)

    def _keep_for_later(self, post: ScheduledPublish, trouble: Trouble, next_attempt_at: datetime) -> None:
        if post.status == PostStatus.PUBLISHING:
            post.mark_retry(trouble.reason, next_attempt_at=next_attempt_at, grace=self.grace)
        else:  # Rescued meanwhile: the answer came late, and the scan is its owner now.
            post.mark_pending(trouble.reason, next_attempt_at=next_attempt_at)


def _is_nearly_used_up(usage: Usage) -> bool:
    return (usage.highest_percent or 0) > _NEARLY_USED_UP


def spare_what_is_left(session: Session, post: ScheduledPublish, usage: Usage, now: datetime) -> None:
    """Rest before Facebook has to refuse: calls above 100 % lengthen its block."""
    rest_until = now + (usage.regain_after or _REST)
    if (usage.page_percent or 0) > _NEARLY_USED_UP:
        post.connection.close_until(rest_until)
    if (usage.app_percent or 0) > _NEARLY_USED_UP:
        lock_gate(session).close_until(rest_until)


def lock_gate(session: Session) -> PublishingGate:
    """The gate of all, for a change of it."""
    return session.get_one(PublishingGate, 1, with_for_update=True)


def lock_attempt(session: Session, attempt_id: UUID) -> tuple[PublishAttempt, ScheduledPublish]:
    """The attempt and its post, which nobody else changes until the transaction ends."""
    post_id = session.scalars(select(PublishAttempt.scheduled_post_id).where(PublishAttempt.id == attempt_id)).one()
    post = session.get_one(ScheduledPublish, post_id, with_for_update={"of": ScheduledPublish})
    return session.get_one(PublishAttempt, attempt_id), post


def close_attempt(attempt: PublishAttempt, outcome: Outcome, now: datetime) -> None:
    """Write down what the attempt came to; the post is moved by the caller."""
    attempt.close(_ATTEMPT_OUTCOMES[type(outcome)], now=now)
    if isinstance(outcome, Published):
        attempt.response_payload = {"id": outcome.facebook_post_id, "permalink_url": outcome.permalink_url}
        attempt.fbtrace_id = outcome.fbtrace_id
        return
    trouble = outcome.trouble
    attempt.error_class, attempt.error_message = trouble.error_class, trouble.reason
    if failure := trouble.failure:
        attempt.http_status, attempt.fbtrace_id = failure.http_status, failure.fbtrace_id
        attempt.error_code, attempt.error_subcode = failure.code, failure.subcode


def _hold(session: Session, post: ScheduledPublish, outcome: Held, now: datetime) -> None:
    reason, problem = outcome.trouble.reason, outcome.token_problem
    post.mark_pending(reason, next_attempt_at=outcome.until)
    if problem:
        lose_token(session, post.connection, problem, reason, token_stored_at=outcome.token_stored_at)
    if outcome.is_page_blocked:
        post.connection.pause(reason, actor="socialpub", now=now)
