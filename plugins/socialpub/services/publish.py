"""One armed post through its second: wait, fence, send, understand, write down."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, NoReturn
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from socialpub.db import posts as statements
from socialpub.db.clock import DatabaseClock
from socialpub.db.engine import transaction
from socialpub.db.group import Group
from socialpub.db.patience import wait_for_database
from socialpub.db.posts import Run
from socialpub.errors import (
    InvalidPostError,
    MediaError,
    NotSentError,
    SocialpubError,
    TryAgainError,
    UploadSessionOverError,
)
from socialpub.graph.client import GraphClient, OnAnswer
from socialpub.graph.posts import PublishedPost, prepare_feed_post, send_feed_post
from socialpub.graph.videos import AcceptedVideo
from socialpub.models import FacebookPageConnection, PostStatus
from socialpub.models.secret import Secret
from socialpub.services.arm import LoadedPost, load_posts
from socialpub.services.confirm import Confirmation, Confirmer
from socialpub.services.departures import Departures, Landing
from socialpub.services.holds import heed_loss
from socialpub.services.outcomes import Outcome, Published, RetryRules, Trouble, Unconfirmed, decide_outcome
from socialpub.services.record import Recorder

if TYPE_CHECKING:
    from socialpub.services.upload import MediaUploader

log = logging.getLogger(__name__)

OpenToken = Callable[[FacebookPageConnection], Secret]
Send = Callable[[OnAnswer], PublishedPost | AcceptedVideo]


@dataclass(frozen=True, slots=True)
class PublishTiming:
    connect_ahead: timedelta = timedelta(seconds=3)
    """How long before its second a post's connection to Facebook is opened."""
    fence_ahead: timedelta = timedelta(seconds=1)
    """How long before its second a post passes the fence."""
    send_lease: timedelta = timedelta(minutes=3)
    """How long after the fence a missing outcome makes the post unconfirmed; longer than any request can take."""
    order_wait: timedelta = timedelta(seconds=30)
    """How long a post waits for an earlier one of its Page that is being sent."""
    look_ups: tuple[timedelta, ...] = (timedelta(0), timedelta(seconds=5), timedelta(seconds=20), timedelta(seconds=30))
    """Pauses before the read-backs that follow an unknown outcome at once."""
    processing_lease: timedelta = timedelta(minutes=5)
    """How long after the last look at a video that Facebook processes the scan has it looked up as unconfirmed."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes the posts of one run. Safe to use from several threads."""

    engine: Engine
    client: GraphClient
    open_token: OpenToken
    run: Run
    clock: DatabaseClock
    rules: RetryRules
    timing: PublishTiming
    recorder: Recorder
    confirmer: Confirmer
    mask_ahead: Callable[[Collection[FacebookPageConnection]], None]
    """Called with all Pages of a lane before the first token is opened: to mask many at once costs as much as one."""
    open_uploader: Callable[[], MediaUploader]
    """Called for posts with media only: others need not load what reads pictures."""
    fences: Group[UUID, LoadedPost] = field(default_factory=Group, init=False)
    departures: Departures = field(default_factory=Departures, init=False)

    def publish_post(self, post: LoadedPost) -> None:
        """Bring a queued post to an outcome. What became of it is in its row; only a defect of ours raises."""
        try:
            send = self._arm(post)
            self._connect_ahead(post)
            self._wait_until_due(post, ahead=self.timing.fence_ahead)
            may_send = self._pass_fence(post)
        except SocialpubError as error:
            self._record_error(post, error)
            return
        if may_send:
            self._send(post, send, not_after=self.clock.now() + self.timing.send_lease / 2)

    def confirm_post(self, post: LoadedPost) -> Confirmation:
        """Look an unconfirmed post up once."""
        try:
            token = self.open_token(post.page)
        except SocialpubError as error:
            log.warning("%s stays unconfirmed: %s", post.name, error)
            heed_loss(self.engine, post.page, error, actor=str(self.run))
            return Confirmation.OPEN
        return self.confirmer.confirm_post(post, token, now=self.clock.now())

    def settle_video(self, post: LoadedPost) -> None:
        """Ask once how far a sent video is, and write down what has come of it."""
        from socialpub.services.processing import settle_video

        settle_video(self, post)

    def _arm(self, post: LoadedPost) -> Send:
        """Everything that can be done before its second, so that the moment itself costs one exchange of bytes."""
        token = self.open_token(post.page)
        try:
            if post.assets:
                from socialpub.services.arm_media import arm_media

                return arm_media(self.client, self.open_uploader(), post, token)
            request = prepare_feed_post(self.client, post.page.page_id, token, post.content)
        except (InvalidPostError, MediaError, NotSentError, TryAgainError) as refusal:
            return partial(_raise, refusal)  # Behind the fence, where a post fails or waits for its next try.
        return partial(send_feed_post, self.client, request)

    def _connect_ahead(self, post: LoadedPost) -> None:
        """Not for one that is due: its request connects as fast by itself."""
        if self.clock.seconds_until(post.due_at) > 0:
            self._wait_until_due(post, ahead=self.timing.connect_ahead)
            self.client.connect_ahead()

    def _depart(self, post: LoadedPost) -> None:
        self.departures.announce()
        self._wait_until_due(post)
        self.departures.leave()

    def _wait_until_due(self, post: LoadedPost, *, ahead: timedelta = timedelta(0)) -> None:
        time.sleep(max(0.0, self.clock.seconds_until(post.due_at - ahead)))

    def _pass_fence(self, post: LoadedPost) -> bool:
        """Together with the other posts of this moment, or, where something stands in the way, by itself."""
        assert post.attempt is not None, "a queued post has an open attempt"
        if self.fences.join(post.attempt.id, post, self._pass_fences):
            return True
        self._keep_page_order(post)
        return self._pass_fence_alone(post, post.attempt.id) or self._release(post)

    def _pass_fences(self, posts: Mapping[UUID, LoadedPost]) -> Collection[UUID]:
        """The attempts that may send now; those that have to wait for another post or for a lock are left out."""
        with self._transaction() as session:
            behind = statements.find_posts_behind_others(session, [post.id for post in posts.values()])
            hashes = {attempt: post.content_hash for attempt, post in posts.items() if post.id not in behind}
            return statements.pass_fences(session, self.run, hashes, **self._fence_times)

    @wait_for_database  # A fence whose commit was cut off stays closed to the second try: nothing is sent.
    def _pass_fence_alone(self, post: LoadedPost, attempt_id: UUID) -> bool:
        with self._transaction() as session:
            passed = statements.pass_fence(
                session, self.run, attempt_id, content_hash=post.content_hash, **self._fence_times
            )
        return passed is not None

    @property
    def _fence_times(self) -> dict[str, timedelta]:
        return {"lease": self.timing.send_lease, "fence_ahead": self.timing.fence_ahead}

    def _keep_page_order(self, post: LoadedPost) -> None:
        give_up_at = self.clock.now() + self.timing.order_wait
        while self._has_predecessor(post) and self.clock.now() < give_up_at:
            time.sleep(0.1)

    @wait_for_database
    def _has_predecessor(self, post: LoadedPost) -> bool:
        with self._transaction() as session:
            return bool(statements.find_posts_behind_others(session, [post.id]))

    def _release(self, post: LoadedPost) -> bool:
        """Nothing was sent: the post was canceled, edited or held meanwhile, or somebody else has it."""
        log.warning("%s was not sent: it was canceled, edited, paused, limited or taken over meanwhile", post.name)
        with self._transaction() as session:
            statements.release_posts(session, self.run, [post.id], reason="Held at the fence; nothing was sent.")
        return False

    def _transaction(self) -> AbstractContextManager[Session]:
        return transaction(self.engine, actor=str(self.run))

    def _send(self, post: LoadedPost, send: Send, *, not_after: datetime) -> None:
        self._depart(post)
        if self.clock.now() > not_after:  # This process stood still; by now the post may be in other hands.
            log.warning("%s was not sent: too long after its fence; the scan looks after it", post.name)
            return
        landing = Landing(self.departures, self.clock.now)
        try:
            sent = send(landing.land)
        except UploadSessionOverError as error:  # It may be over because an earlier end came through.
            self._record_unknown(post, Trouble(str(error), type(error).__name__, error.failure))
            self._look_up(post)
        except SocialpubError as error:
            if self._record_error(post, error) == PostStatus.UNCONFIRMED:
                self._look_up(post)
        except Exception as defect:
            # The request may have left: whatever broke on our side, the post is looked up before it is sent again.
            self._record_unknown(
                post, Trouble(f"A defect while sending: {type(defect).__name__}.", type(defect).__name__, None)
            )
            raise
        else:
            self._record_success(post, sent, answered_at=landing.at or self.clock.now())

    def _record_unknown(self, post: LoadedPost, trouble: Trouble) -> None:
        now = self.clock.now()
        self.record(post, Unconfirmed(trouble, now + self.rules.delay_after(post.tries_used + 1)), now=now)

    def _record_success(self, post: LoadedPost, sent: PublishedPost | AcceptedVideo, *, answered_at: datetime) -> None:
        if isinstance(sent, PublishedPost):
            self.record(post, Published(sent.id, sent.permalink_url, sent.usage, sent.fbtrace_id), now=answered_at)
        else:
            self.keep_processing(post, sent.video_id)
            [accepted] = self._reload(post)
            self.settle_video(accepted)  # One that was uploaded hours ago is processed, and live by now.

    def keep_processing(self, post: LoadedPost, video_id: str) -> None:
        assert post.attempt is not None, "a sent post has an open attempt"
        until = self.clock.now() + self.timing.processing_lease
        self.recorder.record_processing(post.attempt.id, video_id, lease_expires_at=until)
        log.info("%s: Facebook processes the video %s", post.name, video_id)

    def _look_up(self, post: LoadedPost) -> None:
        for pause in self.timing.look_ups:
            time.sleep(pause.total_seconds())
            [sent] = self._reload(post)
            if sent.status != PostStatus.UNCONFIRMED or self.confirm_post(sent) != Confirmation.OPEN:
                return

    def _reload(self, post: LoadedPost) -> list[LoadedPost]:
        return load_posts(self.engine, self.run, [post.id])

    def _record_error(self, post: LoadedPost, error: SocialpubError) -> PostStatus:
        now = self.clock.now()
        outcome = decide_outcome(
            error,
            tries_used=post.tries_used,
            now=now,
            rules=self.rules,
            token_stored_at=post.page.token_stored_at,
        )
        return self.record(post, outcome, now=now)

    def record(self, post: LoadedPost, outcome: Outcome, *, now: datetime) -> PostStatus:
        """Save what became of a sent post; returns its status afterwards."""
        assert post.attempt is not None, "a queued post has an open attempt"
        status = self.recorder.record_outcome(post.attempt.id, outcome, now=now)
        level = logging.INFO if isinstance(outcome, Published) else logging.WARNING
        log.log(level, "%s: %s", post.name, _sentence(outcome))
        return status


def _raise(error: SocialpubError, _: OnAnswer) -> NoReturn:
    raise error


def _sentence(outcome: Outcome) -> str:
    if isinstance(outcome, Published):
        return f"published as {outcome.facebook_post_id} {outcome.permalink_url or ''}".rstrip()
    return f"{type(outcome).__name__.lower()}: {outcome.trouble.reason}"
