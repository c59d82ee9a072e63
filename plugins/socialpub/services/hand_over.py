"""Handing native posts over to Facebook ahead of their time; what can't be handed over goes out the ordinary way."""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy.orm import Session

from socialpub.db import posts as statements
from socialpub.db.chores import claim_post_to_hand_over
from socialpub.db.engine import transaction
from socialpub.db.patience import wait_for_database
from socialpub.errors import ConfigurationError, SocialpubError, UploadSessionOverError
from socialpub.graph.client import go_on
from socialpub.graph.posts import PublishedPost, prepare_feed_post, send_feed_post
from socialpub.models import PostStatus, ScheduledPublish
from socialpub.services.arm import LoadedPost, load_posts
from socialpub.services.outcomes import Published, Trouble, Unconfirmed, decide_outcome
from socialpub.services.publish import Publisher, Send
from socialpub.services.record_hand_over import HandedOver, HandOverOutcome, HandOverRecorder

log = logging.getLogger(__name__)

EARLIEST = timedelta(minutes=10)
LATEST = timedelta(days=75)
"""How far ahead Facebook takes a native schedule (Graph API reference, Page feed; its guide says 30 days)."""


@dataclass(frozen=True, slots=True)
class HandOverLimits:
    """Which posts are handed over, how many in one run. Raises `ConfigurationError` for what Facebook won't take."""

    min_ahead: timedelta = timedelta(minutes=15)
    """Later, a post goes out the ordinary way: Facebook would refuse it, or might be too slow."""
    max_ahead: timedelta = timedelta(days=28)
    """Earlier, it waits: Facebook's pages name 30 days, 75 days and six months, and people met 29 days."""
    again_after: timedelta = timedelta(minutes=15)
    """How long after a hand-over that came to nothing the next one is tried."""
    lease: timedelta = timedelta(minutes=20)
    """How long a claimed post may take to be uploaded before the scan takes it back."""
    max_posts: int = 200

    def __post_init__(self) -> None:
        if self.min_ahead < EARLIEST or self.max_ahead > LATEST:
            raise ConfigurationError(
                f"Posts can't be handed over {self.min_ahead} to {self.max_ahead} ahead: Facebook holds posts for 10"
                " minutes to 75 days.",
                next_step="set SOCIALPUB_HAND_OVER_MIN_MINUTES to 10 or more and SOCIALPUB_HAND_OVER_MAX_DAYS to 75 or"
                " less; 15 minutes and 28 days are known to work.",
            )
        if self.min_ahead >= self.max_ahead:
            raise ConfigurationError(
                f"No post is both {self.min_ahead} and at most {self.max_ahead} ahead.",
                next_step="set SOCIALPUB_HAND_OVER_MAX_DAYS to more than SOCIALPUB_HAND_OVER_MIN_MINUTES.",
            )


def hand_over_posts(publisher: Publisher, limits: HandOverLimits) -> Counter[str]:
    """Hand over what the window holds, the earliest first; returns how many posts ended in which status.

    What became of a post is in its row; raises what `transaction` raises, and defects of ours.
    """
    hand_over, ended = HandOver(publisher, limits), Counter[str]()
    while ended.total() < limits.max_posts and (post := hand_over.claim_post()):
        ended[hand_over.hand_over_post(post)] += 1
    return ended


@dataclass(frozen=True, slots=True)
class HandOver:
    """The steps of one post's way to Facebook's schedule."""

    publisher: Publisher
    limits: HandOverLimits

    def claim_post(self) -> LoadedPost | None:
        """The earliest post that may be handed over now, owned by this run; None when there is none."""
        limits = self.limits
        with self._transaction() as session:
            post_id = claim_post_to_hand_over(
                session,
                self.publisher.run,
                min_ahead=limits.min_ahead,
                max_ahead=limits.max_ahead,
                again_after=limits.again_after,
                lease=limits.lease,
            )
        return None if post_id is None else self._load(post_id)

    def hand_over_post(self, post: LoadedPost) -> PostStatus:
        """Bring a claimed post to an outcome, and return its status then."""
        try:
            send = self._arm(post)
            may_send = self._is_early_enough(post) and self._pass_fence(post)
        except SocialpubError as error:
            return self._record_error(post, error)
        if not may_send:
            return self._release(post)
        return self._send(post, send, not_after=self.publisher.clock.now() + self.publisher.timing.send_lease / 2)

    def _load(self, post_id: UUID) -> LoadedPost:
        [post] = load_posts(self.publisher.engine, self.publisher.run, [post_id], is_working=False)
        return post

    def _transaction(self) -> AbstractContextManager[Session]:
        return transaction(self.publisher.engine, actor=str(self.publisher.run))

    def _arm(self, post: LoadedPost) -> Send:
        publisher, token = self.publisher, self.publisher.open_token(post.page)
        if post.assets:
            from socialpub.services.arm_media import arm_media

            soon = publisher.clock.now() + self.limits.lease
            uploader = publisher.open_uploader()
            return arm_media(publisher.client, uploader, post, token, needed_until=soon, publish_at=post.publish_at)
        content = replace(post.content, scheduled_publish_time=post.publish_at)
        request = prepare_feed_post(publisher.client, post.page.page_id, token, content)
        return partial(send_feed_post, publisher.client, request)

    def _is_early_enough(self, post: LoadedPost) -> bool:
        """An upload may have taken long; from here on Facebook's own limit counts."""
        return self.publisher.clock.seconds_until(post.publish_at) > EARLIEST.total_seconds()

    @wait_for_database  # A fence whose commit was cut off stays closed to the second try: nothing is sent.
    def _pass_fence(self, post: LoadedPost) -> bool:
        assert post.attempt is not None, "a claimed post has an open attempt"
        with self._transaction() as session:
            passed = statements.pass_fence(
                session,
                self.publisher.run,
                post.attempt.id,
                content_hash=post.content_hash,
                lease=self.publisher.timing.send_lease,
                fence_ahead=timedelta(0),
            )
        return passed is not None

    def _release(self, post: LoadedPost) -> PostStatus:
        log.warning("%s was not handed over: it was canceled, edited, held or became due meanwhile", post.name)
        with self._transaction() as session:
            reason = "Held before its hand-over; nothing was sent."
            statements.release_posts(session, self.publisher.run, [post.id], reason=reason)
        return self._load(post.id).status

    def _send(self, post: LoadedPost, send: Send, *, not_after: datetime) -> PostStatus:
        if self.publisher.clock.now() > not_after:  # This process stood still; by now the post may be in other hands.
            log.warning("%s was not handed over: too long after its fence; the scan looks after it", post.name)
            return PostStatus.PUBLISHING
        try:
            sent = send(go_on)
        except UploadSessionOverError as error:  # It may be over because an earlier end came through.
            return self._look_up(post, Trouble(str(error), type(error).__name__, error.failure))
        except SocialpubError as error:
            return self._record_error(post, error)
        except Exception as defect:
            # The request may have left: whatever broke on our side, the post is looked up before anything else.
            words = f"A defect during the hand-over: {type(defect).__name__}."
            self._look_up(post, Trouble(words, type(defect).__name__, None))
            raise
        post_id = sent.id if isinstance(sent, PublishedPost) else sent.video_id
        return self._record(post, HandedOver(post_id, sent.usage))

    def _record_error(self, post: LoadedPost, error: SocialpubError) -> PostStatus:
        with self._transaction() as session:
            tries_used = session.get_one(ScheduledPublish, post.id).hand_overs_tried
        now, rules = self.publisher.clock.now(), self.publisher.rules
        outcome = decide_outcome(
            error, tries_used=tries_used, now=now, rules=rules, token_stored_at=post.page.token_stored_at
        )
        assert not isinstance(outcome, Published), "no error is a success"
        return self._look_up(post, outcome.trouble) if isinstance(outcome, Unconfirmed) else self._record(post, outcome)

    def _look_up(self, post: LoadedPost, trouble: Trouble) -> PostStatus:
        """Once at once, where most are settled; the scan goes on with the others."""
        publisher = self.publisher
        now = publisher.clock.now()
        status = self._record(post, Unconfirmed(trouble, now + publisher.rules.delay_after(1)))
        if status == PostStatus.UNCONFIRMED:
            publisher.confirm_post(self._load(post.id))
        return self._load(post.id).status

    def _record(self, post: LoadedPost, outcome: HandOverOutcome) -> PostStatus:
        assert post.attempt is not None, "a claimed post has an open attempt"
        publisher = self.publisher
        recorder = HandOverRecorder(publisher.engine, str(publisher.run))
        status = recorder.record_hand_over(post.attempt.id, outcome, now=publisher.clock.now())
        if isinstance(outcome, HandedOver):
            log.info("%s: Facebook publishes it as %s at %s", post.name, outcome.facebook_post_id, post.publish_at)
        else:
            log.warning("%s: %s: %s", post.name, type(outcome).__name__.lower(), outcome.trouble.reason)
        return status
