"""Looking an unconfirmed post up on its Page: the only way to learn what became of an unanswered request."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Engine, or_, select

from socialpub.db.engine import transaction
from socialpub.db.posts import Run
from socialpub.errors import GraphError
from socialpub.graph.client import GraphClient
from socialpub.graph.posts import list_published_posts
from socialpub.graph.read_back import Absent, Ambiguous, Found, ReadBack, find_published
from socialpub.models import AttemptOutcome, PostStatus, ScheduledPublish
from socialpub.models.secret import Secret
from socialpub.services.arm import LoadedPost
from socialpub.services.confirm_native import confirm_hand_over
from socialpub.services.confirm_video import InProcess, Rejected, VideoReadBack, forget_dead_upload, look_for_video
from socialpub.services.holds import heed_loss
from socialpub.services.outcomes import RetryRules

log = logging.getLogger(__name__)

# Facebook's created_time has whole seconds and its clock is not ours; the matcher allows for as much.
_CLOCK_TOLERANCE = timedelta(seconds=30)


class Confirmation(StrEnum):
    PUBLISHED = "published"
    ABSENT = "absent"
    """Proved absent after the settle time; the post is queued by this run again and may be sent."""
    GIVEN_UP = "given_up"
    """Proved absent after its last try; the post is failed."""
    OPEN = "open"
    """Not known yet; the post stays unconfirmed."""
    SETTLED = "settled"
    """A hand-over to Facebook whose end is known; nothing is left to do for this run."""


@dataclass(frozen=True, slots=True)
class Confirmer:
    """Reads Pages back on behalf of one run."""

    engine: Engine
    client: GraphClient
    run: Run
    rules: RetryRules
    lease: timedelta
    settle_time: timedelta = timedelta(seconds=120)
    """Lists lag behind writes; only after this long does "not in the list" mean "not published"."""

    def confirm_post(self, post: LoadedPost, token: Secret, *, now: datetime) -> Confirmation:
        """Look once and write down what that proves. A Page that can't be read proves nothing."""
        if post.attempt and post.attempt.is_hand_over:
            is_settled = confirm_hand_over(self, post, token, now=now)
            return Confirmation.SETTLED if is_settled else Confirmation.OPEN
        sent_at = _sent_at(post)
        try:
            found = self._look(post, token, sent_at)
        except GraphError as error:
            log.warning("%s is still unconfirmed, its Page can't be read: %s", post.name, error)
            heed_loss(self.engine, post.page, error, actor=str(self.run))  # What can't read it can't post to it either.
            return Confirmation.OPEN
        return self._write_down(post, found, is_settled=now - sent_at >= self.settle_time, now=now)

    def _look(self, post: LoadedPost, token: Secret, sent_at: datetime) -> ReadBack | VideoReadBack:
        if post.video is not None:
            return look_for_video(self.client, post, token)
        posts = list_published_posts(self.client, post.page.page_id, token, since=sent_at - _CLOCK_TOLERANCE)
        return find_published(
            posts,
            post=post.content,
            application_id=self.client.settings.app_id,
            not_before=sent_at,
            known_ids=self.known_ids(post),
        )

    def known_ids(self, post: LoadedPost) -> set[str]:
        """Ids that other rows of ours hold: two equal texts on one Page are two posts."""
        with transaction(self.engine, actor=str(self.run)) as session:
            known = session.scalars(
                select(ScheduledPublish.facebook_post_id).where(
                    ScheduledPublish.connection_id == post.page.id,
                    or_(
                        (ScheduledPublish.stage == "published")
                        & (ScheduledPublish.published_at >= _sent_at(post) - timedelta(hours=1)),
                        ScheduledPublish.stage == "handed_over",
                    ),
                )
            )
            return {post_id for post_id in known if post_id}

    def _write_down(
        self, post: LoadedPost, found: ReadBack | VideoReadBack, *, is_settled: bool, now: datetime
    ) -> Confirmation:
        with transaction(self.engine, actor=str(self.run)) as session:
            row = session.get_one(ScheduledPublish, post.id, with_for_update={"of": ScheduledPublish})
            if row.status != PostStatus.UNCONFIRMED:
                log.info("%s is %s meanwhile", post.name, row.status)
                return Confirmation.PUBLISHED if row.status == PostStatus.PUBLISHED else Confirmation.OPEN
            match found:
                case Found(page_post):
                    row.mark_published(page_post.id, permalink_url=page_post.permalink_url, published_at=now)
                    _close_attempt(row, AttemptOutcome.PUBLISHED)
                    log.info("%s was found on its Page as %s", post.name, page_post.id)
                    return Confirmation.PUBLISHED
                case Absent() if is_settled:
                    _close_attempt(row, AttemptOutcome.ABSENT)
                    forget_dead_upload(session, post)
                    if row.tries_used >= self.rules.max_tries:
                        row.mark_failed(f"Not on the Page after its last try. {row.status_reason}")
                        return Confirmation.GIVEN_UP
                    row.mark_pending("Proved absent from the Page; it is sent again.", next_attempt_at=now)
                    session.flush()  # The database judges each move by itself.
                    row.mark_queued(claimed_by=str(self.run), lease_expires_at=now + self.lease, now=now)
                    log.info("%s is not on its Page; it may be sent again", post.name)
                    return Confirmation.ABSENT
                case Rejected(trouble):
                    _close_attempt(row, AttemptOutcome.FAILED)
                    row.mark_failed(trouble.reason)
                    return Confirmation.GIVEN_UP
                case InProcess():
                    row.status_reason = "Facebook has the video and processes it."
                case Ambiguous(candidates):
                    ids = ", ".join(sorted(candidate.id for candidate in candidates))
                    row.status_reason = f"More than one post on the Page could be it ({ids}); a person has to decide."
            return Confirmation.OPEN


def _sent_at(post: LoadedPost) -> datetime:
    assert post.attempt is not None and post.attempt.sent_at is not None, "only a sent post is unconfirmed"
    return post.attempt.sent_at


def _close_attempt(row: ScheduledPublish, outcome: AttemptOutcome) -> None:
    row.attempts[-1].outcome = outcome
