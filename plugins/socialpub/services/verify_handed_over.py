"""After its time: is a post that Facebook held live? And before it: has a person changed that time?"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from socialpub.db.chores import list_posts_to_verify
from socialpub.db.engine import transaction
from socialpub.errors import InvalidPostError, RateLimitedError, SocialpubError
from socialpub.graph.read_back import Absent, Ambiguous, Found
from socialpub.graph.scheduled import cancel_schedule, reschedule
from socialpub.models import PublishingGate, ScheduledPublish
from socialpub.models.secret import Secret
from socialpub.services.confirm_native import is_between_lists
from socialpub.services.hand_over import HandOverLimits
from socialpub.services.held_post import HeldPost, load_held, settle
from socialpub.services.native_node import NativeNode, publish_native_now, read_native
from socialpub.services.publish import Publisher
from socialpub.services.rate_limits import heed_limit
from socialpub.services.vanished import look_everywhere

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VerifyLimits:
    """When a post with Facebook is looked at, and how many in one run."""

    look_after: timedelta = timedelta(minutes=2)
    """How long after its time a post should be live."""
    publish_after: timedelta = timedelta(minutes=10)
    """How long after its time one that is not live is published by us, through Facebook."""
    leave_alone: timedelta = timedelta(minutes=1)
    """How shortly before its time a post is not moved any more: it may go live while it is asked for."""
    max_posts: int = 200


def verify_handed_over_posts(publisher: Publisher, limits: VerifyLimits, window: HandOverLimits) -> Counter[str]:
    """Look at every post that should be live, or has another time; returns how many stand where afterwards.

    What can't be read is no verdict: the post stays with Facebook, and the log says why. Raises what `transaction`
    raises.
    """
    verifier, found = Verifier(publisher, limits, window), Counter[str]()
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        post_ids = list_posts_to_verify(session, look_after=limits.look_after, max_posts=limits.max_posts)
    for post_id in post_ids:
        held = load_held(publisher, post_id)
        if held is None:
            continue
        try:
            verifier.verify_post(held)
        except RateLimitedError as error:
            heed_limit(publisher, held.post.page, error)
            log.warning("Facebook asks for a pause; the others are looked at in the next run: %s", error)
            break
        except SocialpubError as error:
            log.warning("%s stays with Facebook, nothing is proved: %s", held.name, error)
        found[_status_of(publisher, post_id)] += 1
    return found


def _status_of(publisher: Publisher, post_id: UUID) -> str:
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        return session.get_one(ScheduledPublish, post_id).status


@dataclass(frozen=True, slots=True)
class Verifier:
    """Compares what the rows say with what Facebook has, and mends what differs."""

    publisher: Publisher
    limits: VerifyLimits
    window: HandOverLimits

    def verify_post(self, held: HeldPost) -> None:
        """Look once and do what follows. Raises a `SocialpubError` when Facebook can't be asked or refuses."""
        token, now = self.publisher.open_token(held.post.page), self.publisher.clock.now()
        node = read_native(self.publisher.client, held.post.page.page_id, held.node_id, token)
        if node is None:
            self._prove_vanished(held, token, now)
        elif node.is_live:
            self._record_live(held, node)
        elif node.errors:
            reason = f"Facebook could not process the video: {'; '.join(node.errors)}. Next: export it again."
            settle(self.publisher, held, lambda row: row.mark_failed(reason))
        elif held.post.publish_at != held.due_at and now < held.due_at - self.limits.leave_alone:
            self._move(held, token, now)
        elif now >= held.due_at + self.limits.publish_after and not node.is_processing:
            self._publish_late(held, token, now)
        else:
            log.info("%s is not live yet", held.name)

    def _record_live(self, held: HeldPost, node: NativeNode) -> None:
        # Whether created_time is that of the hand-over is not documented; nothing was live before its time.
        live_since = min(max(node.created_time or held.due_at, held.due_at), self.publisher.clock.now())
        settle(
            self.publisher,
            held,
            lambda row: row.mark_published(node.id, permalink_url=node.permalink_url, published_at=live_since),
        )

    def _move(self, held: HeldPost, token: Secret, now: datetime) -> None:
        """Tell Facebook the time that a person chose; where it can't hold the post for that, take the post back."""
        wanted = held.post.publish_at
        if not self.window.min_ahead <= wanted - now <= self.window.max_ahead:
            self._take_back(held, token, "Its new time is not one that Facebook holds posts for.")
            return
        try:
            reschedule(self.publisher.client, held.node_id, token, wanted)
        except InvalidPostError as error:
            self._take_back(held, token, f"Facebook refused its new time: {error.message}")
            return
        settle(self.publisher, held, lambda row: row.mark_moved(wanted))

    def _publish_late(self, held: HeldPost, token: Secret, now: datetime) -> None:
        """Facebook has missed the time. It is published as it is, unless a pause or the lateness rule forbids that."""
        if self._is_paused(held):
            log.warning("%s is late with Facebook and waits there: publishing is paused", held.name)
        elif now - held.due_at > held.allowed_lateness:
            self._take_back(held, token, "Facebook did not publish it in time.")
        else:
            log.warning("%s was not published by Facebook at its time; it is published now", held.name)
            publish_native_now(self.publisher.client, held.node_id, token)
            node = read_native(self.publisher.client, held.post.page.page_id, held.node_id, token)
            if node is not None and node.is_live:
                self._record_live(held, node)

    def _is_paused(self, held: HeldPost) -> bool:
        with transaction(self.publisher.engine, actor=str(self.publisher.run)) as session:
            return held.post.page.paused_at is not None or session.get_one(PublishingGate, 1).paused_at is not None

    def _take_back(self, held: HeldPost, token: Secret, reason: str) -> None:
        """Deleted at Facebook first. Then it waits for its time here, and is late by its own rule."""
        cancel_schedule(self.publisher.client, held.node_id, token)
        self._return(held, f"{reason} It was taken back from Facebook.")

    def _return(self, held: HeldPost, reason: str) -> None:
        log.warning("%s: %s", held.name, reason)
        settle(self.publisher, held, lambda row: row.mark_pending(reason, next_attempt_at=None), is_gone=True)

    def _prove_vanished(self, held: HeldPost, token: Secret, now: datetime) -> None:
        """Not under its id, not scheduled, not published: only then it may go out another way."""
        if is_between_lists(held.due_at, now, self.publisher.confirmer.settle_time):
            log.info("%s may be on its way from one list to the other", held.name)
            return
        match look_everywhere(self.publisher, held, token):
            case Found(found):
                node = NativeNode(found.id, True, found.permalink_url, found.created_time)
                self._record_live(held, node)
            case Absent():
                self._return(held, "Facebook does not have it any more, neither scheduled nor published.")
            case Ambiguous(candidates):
                ids = ", ".join(sorted(candidate.id for candidate in candidates))
                log.error("%s is not under its id, but may be %s. Next: look at the Page.", held.name, ids)
