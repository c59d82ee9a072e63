"""What a person decides about a post that socialpub can't decide: it is live, it is absent, it shall not go out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from socialpub.db.engine import transaction
from socialpub.errors import InvalidPostError, PostNotReadyError, SocialpubError, UnknownPostError
from socialpub.graph.page_post import PagePost
from socialpub.models import AttemptOutcome, FacebookPageConnection, PostStatus, ScheduledPublish

_POST_ID = re.compile(r"(\d+)_(\d+)")
_POST_PATH = re.compile(r"/(\d+)/posts/(?:[^/]+/)?(\d+)/?")

# As the database does; here it says so in the operator's words.
_LAST_CALL = timedelta(minutes=3)

ReadLivePost = Callable[[FacebookPageConnection, str], PagePost]


def resolve_as_published(
    engine: Engine, post_id: UUID, facebook_post: str, *, read_live_post: ReadLivePost, actor: str
) -> str:
    """Settle an unconfirmed post with the id or URL of the live one. Nothing changes when any of it is wrong.

    Of a hand-over it may be the scheduled one. The post is read first; where Facebook can't be asked (a lost token, no
    network) the person's word counts.
    """
    with transaction(engine, actor=actor) as session:
        page = _lock_unconfirmed(session, post_id).connection
        facebook_post_id = read_facebook_post_id(facebook_post, page_id=page.page_id)
    permalink_url, is_scheduled, note = _ask_facebook(read_live_post, page, facebook_post_id)
    with transaction(engine, actor=actor) as session:
        post = _lock_unconfirmed(session, post_id)
        _refuse_known(session, facebook_post_id)
        if is_scheduled and post.attempts[-1].is_hand_over:
            post.attempts[-1].outcome = AttemptOutcome.HANDED_OVER
            post.mark_handed_over(facebook_post_id, now=_now(session))
            return f"Scheduled post {post_id} is with Facebook as {facebook_post_id}."
        _refuse_scheduled(is_scheduled, facebook_post_id)
        post.attempts[-1].outcome = AttemptOutcome.PUBLISHED
        given_url = facebook_post.strip() if facebook_post.strip().startswith("http") else None
        post.mark_published(facebook_post_id, permalink_url=permalink_url or given_url, published_at=_now(session))
    return f"Scheduled post {post_id} is published as {facebook_post_id}.{note}"


def _ask_facebook(
    read_live_post: ReadLivePost, page: FacebookPageConnection, facebook_post_id: str
) -> tuple[str | None, bool, str]:
    """The post's address, whether it still waits for its time, and a note when it can't be read.

    Raises `PostNotReadyError` when there is no such post.
    """
    try:
        found = read_live_post(page, facebook_post_id)
    except InvalidPostError as error:
        raise PostNotReadyError(
            f"Facebook shows no post {facebook_post_id} on {page}: {error.failure.message}",
            next_step="open the post on the Page and copy its address, or resolve this one as absent.",
        ) from error
    except SocialpubError as error:
        return None, False, f" Your word was taken for it, Facebook could not be asked: {error}"
    return found.permalink_url, found.is_published is False, ""


def _refuse_scheduled(is_scheduled: bool, facebook_post_id: str) -> None:
    if is_scheduled:
        raise PostNotReadyError(
            f"{facebook_post_id} is not live: Facebook holds it for its time, or as a draft.",
            next_step="look for the live post, or publish or delete this one on Facebook first.",
        )


def _refuse_known(session: Session, facebook_post_id: str) -> None:
    other = session.scalars(
        select(ScheduledPublish.id).where(ScheduledPublish.facebook_post_id == facebook_post_id)
    ).first()
    if other is not None:
        raise PostNotReadyError(
            f"{facebook_post_id} is already the live post of scheduled post {other}.",
            next_step="look for another post of the same text on the Page, or resolve this one as absent.",
        )


def resolve_as_absent(engine: Engine, post_id: UUID, *, actor: str) -> str:
    """Settle an unconfirmed post as not live: it goes out with the next scan, whatever tries it has used."""
    with transaction(engine, actor=actor) as session:
        post = _lock_unconfirmed(session, post_id)
        post.attempts[-1].outcome = AttemptOutcome.ABSENT
        if post.attempts[-1].is_hand_over:
            # Its time may be days away; a hand-over that did not happen moves nothing.
            post.mark_pending(f"Declared absent by {actor}; it is handed over again.", next_attempt_at=None)
            return f"Scheduled post {post_id} is pending until its time; it may be handed over again."
        post.mark_pending(f"Declared absent by {actor}; it is sent again.", next_attempt_at=_now(session))
    return f"Scheduled post {post_id} is pending; the next scan sends it."


def cancel(engine: Engine, post_id: UUID, *, reason: str, actor: str) -> str:
    """Take a post back that is not on its way yet."""
    with transaction(engine, actor=actor) as session:
        post = lock_post(session, post_id)
        if post.status not in (PostStatus.PENDING, PostStatus.QUEUED, PostStatus.HANDED_OVER):
            raise PostNotReadyError(
                f"Scheduled post {post_id} is “{post.status}” and can't be canceled.",
                next_step="delete the post on Facebook if it is live; resolve it first if it is unconfirmed.",
            )
        if post.handed_over_for and post.handed_over_for <= _now(session) + _LAST_CALL:
            raise PostNotReadyError(
                f"Scheduled post {post_id} is with Facebook, which publishes it at {post.handed_over_for:%H:%M} UTC.",
                next_step="it is too late to stop it: delete the post on the Page once it is live.",
            )
        post.mark_canceled(f"{reason} ({actor})")
    return f"Scheduled post {post_id} is canceled; its draft is approved and can be scheduled again."


def match_facebook_post(text: str) -> str | None:
    """`PAGE_POST` where the text is such an id or an address with both numbers; else None."""
    found = _POST_ID.fullmatch(text) or _match_url(text)
    return f"{found[1]}_{found[2]}" if found else None


def read_facebook_post_id(text: str, *, page_id: str) -> str:
    """`PAGE_POST` from such an id or from a post's address. Raises `PostNotReadyError` for anything else.

    Addresses with the Page's name or a pfbid instead of numbers don't tell whose they are, so they are refused.
    """
    found = _POST_ID.fullmatch(text.strip()) or _match_url(text.strip())
    if found is None:
        raise PostNotReadyError(
            f"“{text[:120]}” is neither a post's id nor an address with the Page's and the post's numbers.",
            next_step=f"give the id as {page_id}_<number of the post>, or its address …/{page_id}/posts/<number>.",
        )
    if found[1] != page_id:
        raise PostNotReadyError(
            f"{found[1]}_{found[2]} is a post of another Page.",
            next_step=f"look for the post on the Page {page_id}.",
        )
    return f"{page_id}_{found[2]}"


def lock_post(session: Session, post_id: UUID) -> ScheduledPublish:
    """Raises `UnknownPostError`."""
    post = session.get(ScheduledPublish, post_id, with_for_update={"of": ScheduledPublish})
    if post is None:
        raise UnknownPostError(
            f"No scheduled post has the id {post_id}.", next_step="copy it from social_scheduled_posts.id."
        )
    return post


def _lock_unconfirmed(session: Session, post_id: UUID) -> ScheduledPublish:
    post = lock_post(session, post_id)
    if post.status != PostStatus.UNCONFIRMED:
        raise PostNotReadyError(
            f"Scheduled post {post_id} is “{post.status}”: there is nothing to resolve.",
            next_step="only an unconfirmed post is resolved; requeue a failed or missed one.",
        )
    return post


def _match_url(text: str) -> re.Match[str] | None:
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    if parts.scheme not in ("http", "https"):
        return None
    query = parse_qs(parts.query)
    if "story_fbid" in query and "id" in query:
        return _POST_ID.fullmatch(f"{query['id'][0]}_{query['story_fbid'][0]}")
    return _POST_PATH.fullmatch(parts.path)


def _now(session: Session) -> datetime:
    return session.scalars(select(func.now())).one()
