"""Working one lane: its posts side by side, those of one Page in their order, and what the lane came to."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from socialpub.graph.request_log import about
from socialpub.models import AttemptOutcome, PostStatus
from socialpub.services.arm import LoadedPost, load_posts
from socialpub.services.confirm import Confirmation
from socialpub.services.publish import Publisher

log = logging.getLogger(__name__)

# A post of this lane that is due later than any claim looks ahead is left for a later visit.
_LATEST_WAIT = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class LaneResult:
    """Where the lane's posts stand. Names are sentences for people."""

    published: tuple[str, ...]
    permalink_url: str | None
    """Of the first published post that has one."""
    failed: tuple[str, ...]
    """Failed, or held because somebody has to mend something: a person is needed."""
    retry_at: datetime | None
    """When the earliest post that used up a try, or is unconfirmed, wants its next visit."""
    resume_at: datetime | None
    """When the earliest rate-limited post may go out; costs no try."""
    waiting: tuple[str, ...]
    """The posts behind `retry_at` and `resume_at`."""
    processed: tuple[str, ...]
    """Videos that Facebook has and works on; they want a look in a while."""
    elsewhere: tuple[str, ...]
    """Canceled, or in somebody else's hands."""


def work_lane(publisher: Publisher, post_ids: Sequence[UUID], *, threads: int) -> LaneResult:
    """Publish every post of the lane that still needs it; returns where each one stands afterwards."""
    posts = load_posts(publisher.engine, publisher.run, post_ids)
    publisher.mask_ahead([post.page for post in posts])
    bursts = _split_into_bursts(posts, publisher.clock.now())
    with ThreadPoolExecutor(max_workers=min(threads, len(bursts)) or 1, thread_name_prefix="lane") as pool:
        for work in [pool.submit(_work_burst, publisher, burst) for burst in bursts]:
            work.result()
    return summarise_lane(load_lane(publisher, post_ids), run=str(publisher.run))


def load_lane(publisher: Publisher, post_ids: Sequence[UUID]) -> list[LoadedPost]:
    """The posts as they are now, without opening attempts for them."""
    return load_posts(publisher.engine, publisher.run, post_ids, is_working=False)


def _split_into_bursts(posts: Sequence[LoadedPost], now: datetime) -> list[list[LoadedPost]]:
    """A Page's posts of one second belong together; what is due already is of one second.

    Earliest first, so that a Page which catches up at its pace does not keep a thread from others meanwhile.
    """

    def burst(post: LoadedPost) -> tuple[datetime, UUID]:
        return max(post.due_at, now), post.page.id

    return [list(group) for _, group in groupby(sorted(posts, key=burst), key=burst)]


def _work_burst(publisher: Publisher, posts: Sequence[LoadedPost]) -> None:
    """The posts of one Page and one second, one after the other."""
    for post in posts:
        attempt = str(post.attempt.id) if post.attempt else "none"
        with about(post=str(post.id), attempt=attempt, run=str(publisher.run)):
            _work_post(publisher, post)


def _work_post(publisher: Publisher, post: LoadedPost) -> None:
    if post.is_processed(str(publisher.run)):
        publisher.settle_video(post)
        return
    if post.status == PostStatus.UNCONFIRMED and publisher.confirm_post(post) == Confirmation.ABSENT:
        [post] = load_posts(publisher.engine, publisher.run, [post.id])  # the same post, anew
    if _is_ours_and_due(publisher, post):
        publisher.publish_post(post)


def _is_ours_and_due(publisher: Publisher, post: LoadedPost) -> bool:
    if post.status != PostStatus.QUEUED or post.claimed_by != str(publisher.run):
        log.info("%s is %s; nothing to do for this run", post.name, post.status)
        return False
    return post.due_at - publisher.clock.now() <= _LATEST_WAIT


def summarise_lane(posts: Sequence[LoadedPost], *, run: str) -> LaneResult:
    """Pure: what the rows say about the lane."""
    retries = [p for p in posts if p.status == PostStatus.UNCONFIRMED or _waits(p, run, AttemptOutcome.RETRY)]
    limited = [p for p in posts if _waits(p, run, None) and p not in retries]
    held = [p for p in posts if p.status == PostStatus.PENDING and _is_held(p)]
    failed = [p for p in posts if p.status in (PostStatus.FAILED, PostStatus.MISSED)]
    published = [p for p in posts if p.status == PostStatus.PUBLISHED]
    processed = [p for p in posts if p.is_processed(run)]
    known = {p.id for p in (*retries, *limited, *held, *failed, *published, *processed)}
    return LaneResult(
        published=tuple(f"{p.name}: {p.permalink_url or p.facebook_post_id}" for p in published),
        permalink_url=next((p.permalink_url for p in published if p.permalink_url), None),
        failed=tuple(f"{p.name}: {p.status_reason}" for p in (*failed, *held)),
        retry_at=min((p.due_at for p in retries), default=None),
        resume_at=min((p.due_at for p in limited), default=None),
        waiting=tuple(f"{p.name}: {p.status_reason}" for p in (*retries, *limited)),
        processed=tuple(p.name for p in processed),
        elsewhere=tuple(f"{p.name} is {p.status}" for p in posts if p.id not in known),
    )


def _waits(post: LoadedPost, run: str, outcome: AttemptOutcome | None) -> bool:
    is_ours = post.status == PostStatus.QUEUED and post.claimed_by == run
    return is_ours and (outcome is None or (post.attempt is not None and post.attempt.outcome == outcome))


def _is_held(post: LoadedPost) -> bool:
    """Given back because of a trouble that this run met, not because the fence found it canceled or limited."""
    attempt = post.attempt
    return attempt is not None and attempt.error_class is not None and not attempt.is_hand_over
