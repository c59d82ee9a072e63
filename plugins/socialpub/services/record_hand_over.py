"""Writing down what a hand-over came to. Whatever it is, the post's own time stands, and the ordinary way remains."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from socialpub.db.engine import transaction
from socialpub.db.patience import wait_for_database
from socialpub.graph.usage import Usage
from socialpub.models import AttemptOutcome, Delivery, PostStatus, PublishAttempt, ScheduledPublish
from socialpub.services.holds import lose_token
from socialpub.services.outcomes import Failed, Held, RateLimited, Retry, Unconfirmed
from socialpub.services.record import close_attempt, lock_attempt, lock_gate, spare_what_is_left


@dataclass(frozen=True, slots=True)
class HandedOver:
    """Facebook holds the post under this id, which is a video's own as long as no post shows it."""

    facebook_post_id: str
    usage: Usage = field(default_factory=Usage)


HandOverOutcome = HandedOver | Retry | RateLimited | Failed | Unconfirmed | Held


@dataclass(frozen=True, slots=True)
class HandOverRecorder:
    """Writes the hand-overs of one run."""

    engine: Engine
    actor: str

    @wait_for_database  # What Facebook answered is known only here until it is saved.
    def record_hand_over(self, attempt_id: UUID, outcome: HandOverOutcome, *, now: datetime) -> PostStatus:
        """Close the attempt and move the post; returns its status afterwards. A late answer still counts."""
        with transaction(self.engine, actor=self.actor) as session:
            attempt, post = lock_attempt(session, attempt_id)
            if not _is_open(attempt, post, outcome):
                return PostStatus(post.status)
            match outcome:
                case HandedOver():
                    attempt.close(AttemptOutcome.HANDED_OVER, now=now)
                    attempt.response_payload = {"id": outcome.facebook_post_id}
                    post.mark_handed_over(outcome.facebook_post_id, now=now)
                    spare_what_is_left(session, post, outcome.usage, now)
                case Unconfirmed():
                    close_attempt(attempt, outcome, now)
                    post.mark_unconfirmed(outcome.trouble.reason, check_at=outcome.check_at)
                case _:
                    close_attempt(attempt, outcome, now)
                    _give_back(session, post, outcome)
            return PostStatus(post.status)


def leave_to_direct_delivery(post: ScheduledPublish) -> None:
    """Facebook will not be asked to hold the post again."""
    post.delivery = Delivery.DIRECT


def _is_open(attempt: PublishAttempt, post: ScheduledPublish, outcome: HandOverOutcome) -> bool:
    """Whether the post is where the attempt left it. One that was rescued meanwhile is settled by an id only."""
    if attempt.outcome is None:
        return post.status in (PostStatus.QUEUED, PostStatus.PUBLISHING)
    is_unconfirmed = attempt.outcome == AttemptOutcome.UNCONFIRMED and post.status == PostStatus.UNCONFIRMED
    return is_unconfirmed and isinstance(outcome, HandedOver)


def _give_back(session: Session, post: ScheduledPublish, outcome: Retry | RateLimited | Failed | Held) -> None:
    reason = outcome.trouble.reason
    match outcome:
        case RateLimited():
            (lock_gate(session) if outcome.is_of_app else post.connection).close_until(outcome.regain_at)
        case Held() if outcome.is_page_blocked:
            post.connection.pause(reason, actor="socialpub", now=outcome.until)
        case Failed():
            leave_to_direct_delivery(post)
            reason = f"Facebook will not hold it, so socialpub publishes it at its time. {reason}"
    # Not later and not sooner than a person planned: a time of its own would have the scan publish it then.
    post.mark_pending(reason, next_attempt_at=None)
    if isinstance(outcome, Held) and outcome.token_problem:
        lose_token(session, post.connection, outcome.token_problem, reason, token_stored_at=outcome.token_stored_at)
