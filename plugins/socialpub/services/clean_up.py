"""Deleting at Facebook what nobody needs any more, and nothing else: never what a live post of ours shows."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from socialpub.db.chores import take_cleanup
from socialpub.db.engine import transaction
from socialpub.errors import RateLimitedError, SocialpubError
from socialpub.graph.nodes import delete_node
from socialpub.graph.photos import read_photo
from socialpub.models import CleanupKind, DraftAsset, FacebookPageConnection, MediaCleanup, PostStatus, ScheduledPublish
from socialpub.models.secret import Secret
from socialpub.services.native_node import read_native
from socialpub.services.publish import Publisher
from socialpub.services.rate_limits import heed_limit

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CleanUpLimits:
    """How often a clean-up is tried, and how many are made in one run."""

    max_tries: int = 10
    first_wait: timedelta = timedelta(minutes=5)
    """Before the second try; twice as long before each further one, so ten tries last almost two days."""
    max_cleanups: int = 200


def clean_up(publisher: Publisher, limits: CleanUpLimits) -> Counter[str]:
    """Make the clean-ups that are due; returns how many were `done`, `kept`, put off (`waiting`) or `given_up`.

    One that is given up stays open with its `last_error`. Raises what `transaction` raises.
    """
    ended = Counter[str]()
    while ended.total() < limits.max_cleanups and (cleanup_id := _take(publisher, limits)) is not None:
        cleanup, page = _load(publisher, cleanup_id)
        try:
            kept_because = _delete(publisher, cleanup, page)
        except SocialpubError as error:
            ended[_put_off(publisher, cleanup, error, limits)] += 1
            if isinstance(error, RateLimitedError):
                heed_limit(publisher, page, error)
                break
        else:
            _close(publisher, cleanup, kept_because)
            ended["kept" if kept_because else "done"] += 1
    return ended


def _take(publisher: Publisher, limits: CleanUpLimits) -> int | None:
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        return take_cleanup(session, max_tries=limits.max_tries, first_wait=limits.first_wait)


def _load(publisher: Publisher, cleanup_id: int) -> tuple[MediaCleanup, FacebookPageConnection]:
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        cleanup = session.get_one(MediaCleanup, cleanup_id)
        return cleanup, session.get_one(FacebookPageConnection, cleanup.connection_id)


def _delete(publisher: Publisher, cleanup: MediaCleanup, page: FacebookPageConnection) -> str | None:
    """Delete it; why it was kept instead, if it was. Raises a `SocialpubError` when that can't be done now."""
    token = publisher.open_token(page)
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        if _is_in_use(session, cleanup):
            return "A post or draft of ours uses it."
    if cleanup.kind != CleanupKind.POST and _LOOKS[CleanupKind(cleanup.kind)](publisher, page, cleanup.media_id, token):
        return "A live post shows it."
    # A canceled post goes, even if its time came before its clean-up: it was canceled while there was time.
    delete_node(publisher.client, cleanup.media_id, token)
    return None


def _is_in_use(session: Session, cleanup: MediaCleanup) -> bool:
    """Whether a row of ours names it as what it publishes, or will publish."""
    holders = select(ScheduledPublish.id).where(
        ScheduledPublish.connection_id == cleanup.connection_id,
        ScheduledPublish.facebook_post_id == cleanup.media_id,
        ScheduledPublish.status.in_((PostStatus.PUBLISHED, PostStatus.HANDED_OVER)),
    )
    assets = select(DraftAsset.id).where(DraftAsset.facebook_media_id == cleanup.media_id)
    return session.scalar(select(holders.exists() | assets.exists())) is True


def _shows_photo(publisher: Publisher, _: FacebookPageConnection, media_id: str, token: Secret) -> bool:
    photo = read_photo(publisher.client, media_id, token)
    return photo is not None and photo.is_published


def _shows_video(publisher: Publisher, page: FacebookPageConnection, media_id: str, token: Secret) -> bool:
    video = read_native(publisher.client, page.page_id, media_id, token)
    return video is not None and video.is_live


_LOOKS: dict[CleanupKind, Callable[[Publisher, FacebookPageConnection, str, Secret], bool]] = {
    CleanupKind.PHOTO: _shows_photo,
    CleanupKind.VIDEO: _shows_video,
}


def _close(publisher: Publisher, cleanup: MediaCleanup, kept_because: str | None) -> None:
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        row = session.get_one(MediaCleanup, cleanup.id)
        row.done_at, row.last_error = func.now(), kept_because
    log.info("%s %s: %s", cleanup.kind, cleanup.media_id, kept_because or "deleted")


def _put_off(publisher: Publisher, cleanup: MediaCleanup, error: SocialpubError, limits: CleanUpLimits) -> str:
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        session.get_one(MediaCleanup, cleanup.id).last_error = str(error)
    is_given_up = cleanup.attempts >= limits.max_tries
    log.log(
        logging.ERROR if is_given_up else logging.WARNING,
        "%s %s could not be deleted, try %d of %d: %s",
        *(cleanup.kind, cleanup.media_id, cleanup.attempts, limits.max_tries, error),
    )
    return "given_up" if is_given_up else "waiting"
