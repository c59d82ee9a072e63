"""Looking an unconfirmed hand-over up: Facebook may hold the post, may have published it, or never have heard of it."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from socialpub.db.engine import transaction
from socialpub.errors import GraphError
from socialpub.graph.page_post import PagePost
from socialpub.graph.posts import list_published_posts
from socialpub.graph.read_back import (
    CLOCK_TOLERANCE,
    Absent,
    Ambiguous,
    Found,
    ReadBack,
    find_published,
    find_scheduled,
    normalise_text,
)
from socialpub.graph.scheduled import list_scheduled_posts
from socialpub.models import AttemptOutcome, PostStatus, ScheduledPublish
from socialpub.models.secret import Secret
from socialpub.services.arm import LoadedPost
from socialpub.services.confirm_video import forget_dead_upload
from socialpub.services.holds import heed_loss
from socialpub.services.native_node import read_native
from socialpub.services.record_hand_over import leave_to_direct_delivery

if TYPE_CHECKING:
    from socialpub.services.confirm import Confirmer

log = logging.getLogger(__name__)

_NOT_HELD = "Facebook does not hold it, as it was proved; nothing is scheduled."
_ABSENT_SINCE = "It was not published between the dump and the restore, as its Page was read."


def confirm_hand_over(confirmer: Confirmer, post: LoadedPost, token: Secret, *, now: datetime) -> bool:
    """Look once, write down what that proves, say whether it settles the post. What can't be read proves nothing."""
    assert post.attempt is not None and post.attempt.sent_at is not None, "only a sent post is unconfirmed"
    sent_at = post.attempt.sent_at
    try:
        found = _look(confirmer, post, token, sent_at)
    except GraphError as error:
        log.warning("%s: whether Facebook holds it can't be read now: %s", post.name, error)
        heed_loss(confirmer.engine, post.page, error, actor=str(confirmer.run))
        return False
    is_settled = now - sent_at >= confirmer.settle_time
    can_prove_absent = is_settled and not is_between_lists(post.publish_at, now, confirmer.settle_time)
    with transaction(confirmer.engine, actor=str(confirmer.run)) as session:
        return _write_down(session, post, found, can_prove_absent, confirmer.rules.max_tries, now)


def is_between_lists(publish_at: datetime, now: datetime, settle_time: timedelta) -> bool:
    """Whether a post of that time may have left the list of scheduled posts and not be in that of published ones."""
    return publish_at - CLOCK_TOLERANCE <= now < publish_at + settle_time


def _look(confirmer: Confirmer, post: LoadedPost, token: Secret, sent_at: datetime) -> ReadBack:
    assert post.attempt is not None, "an unconfirmed post has an attempt"
    if post.video is not None:
        video = _look_for_video(confirmer, post, token)
        if isinstance(video, Found) or not post.attempt.is_of_restore:
            return video
    found = _look_for_words(confirmer, post, token, sent_at)
    if isinstance(found, Found) and post.attempt.is_of_restore and not _can_be_told(post):
        return Ambiguous((found.post,))
    return found


def _can_be_told(post: LoadedPost) -> bool:
    """After a restore the ids of uploads may be missing, and without words nothing tells one post from another."""
    return bool(normalise_text(post.content.message) or post.content.attached_media)


def _look_for_words(confirmer: Confirmer, post: LoadedPost, token: Secret, sent_at: datetime) -> ReadBack:
    wanted = replace(post.content, scheduled_publish_time=post.publish_at)
    known_ids, app_id = confirmer.known_ids(post), confirmer.client.settings.app_id
    # In this order: a post whose time comes meanwhile goes from the first list to the second.
    held = list_scheduled_posts(confirmer.client, post.page.page_id, token)
    live = list_published_posts(confirmer.client, post.page.page_id, token, since=sent_at - CLOCK_TOLERANCE)
    found = find_scheduled(held, post=wanted, application_id=app_id, not_before=sent_at, known_ids=known_ids)
    if isinstance(found, Absent):
        return find_published(live, post=wanted, application_id=app_id, not_before=sent_at, known_ids=known_ids)
    return found


def _look_for_video(confirmer: Confirmer, post: LoadedPost, token: Secret) -> ReadBack:
    """A video whose upload was not ended is on no schedule, nor is one that came whole and has no time."""
    assert post.video is not None, "asked of videos only"
    video_id = post.video.facebook_media_id
    video = read_native(confirmer.client, post.page.page_id, video_id, token) if video_id else None
    if video is None or video.is_uploading:
        return Absent()
    if post.video.upload_session_id is None and not (video.is_live or video.is_scheduled):
        return Absent()
    return Found(PagePost(video.id, None, None, video.permalink_url, None, None, is_published=video.is_live))


def _write_down(
    session: Session, post: LoadedPost, found: ReadBack, can_prove_absent: bool, max_tries: int, now: datetime
) -> bool:
    row = session.get_one(ScheduledPublish, post.id, with_for_update={"of": ScheduledPublish})
    if row.status != PostStatus.UNCONFIRMED:
        log.info("%s is %s meanwhile", post.name, row.status)
        return True
    attempt = row.attempts[-1]
    match found:
        case Found(page_post) if page_post.is_published:
            attempt.outcome = AttemptOutcome.PUBLISHED
            _mark_live(row, page_post, now)
        case Found(page_post):
            attempt.outcome = AttemptOutcome.HANDED_OVER
            row.mark_handed_over(page_post.id, now=now)
        case Absent() if can_prove_absent:
            attempt.outcome = AttemptOutcome.ABSENT
            forget_dead_upload(session, post)
            if row.hand_overs_tried >= max_tries:
                leave_to_direct_delivery(row)
            row.mark_pending(_ABSENT_SINCE if attempt.is_of_restore else _NOT_HELD, next_attempt_at=None)
        case Ambiguous(candidates):
            ids = ", ".join(sorted(candidate.id for candidate in candidates))
            row.status_reason = f"More than one post at Facebook could be it ({ids}); a person has to decide."
            return False
        case _:
            return False
    log.info("%s was looked up at Facebook and is %s", post.name, row.status)
    return True


def _mark_live(row: ScheduledPublish, post: PagePost, now: datetime) -> None:
    """After a restore it is live since Facebook made it, which may be hours ago."""
    since = post.created_time if row.attempts[-1].is_of_restore else None
    row.mark_published(post.id, permalink_url=post.permalink_url, published_at=since or now)
