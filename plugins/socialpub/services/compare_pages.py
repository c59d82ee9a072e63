"""After a restore: what the Pages show of ours since the dump, beside what the tables know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from socialpub.db.engine import transaction
from socialpub.errors import SocialpubError
from socialpub.graph.client import GraphClient
from socialpub.graph.page_post import PagePost
from socialpub.graph.posts import list_published_posts
from socialpub.graph.read_back import CLOCK_TOLERANCE, normalise_text
from socialpub.graph.scheduled import list_scheduled_posts
from socialpub.models import EventPostDraft, FacebookPageConnection, PostStatus, ScheduledPublish
from socialpub.models.secret import Secret
from socialpub.services.restore import Restore

_THREADS = 8

OpenToken = Callable[[FacebookPageConnection], Secret]


@dataclass(frozen=True, slots=True)
class StrayPost:
    """A post of ours at Facebook, made since the dump, that no row can account for."""

    page: FacebookPageConnection
    post: PagePost


@dataclass(frozen=True, slots=True)
class Comparison:
    strays: tuple[StrayPost, ...]
    doubted: int
    """Posts planned for later whose words are on their Page already; they are unconfirmed now."""
    unread: tuple[str, ...]
    """Pages that could not be read, with the reason."""
    unconfirmed: int
    """Posts that are still to be looked up, or to be decided on by a person."""

    @property
    def is_clear(self) -> bool:
        return not (self.strays or self.unread or self.unconfirmed)


def compare_pages(restore: Restore, client: GraphClient, open_token: OpenToken) -> Comparison:
    """Read every connected Page and find a row for each post of ours there."""
    with transaction(restore.engine, actor=restore.actor) as session:
        pages = session.scalars(
            select(FacebookPageConnection).where(FacebookPageConnection.disconnected_at.is_(None))
        ).all()
    strays, doubted, unread = list[StrayPost](), 0, list[str]()
    with ThreadPoolExecutor(_THREADS) as pool:
        reads = [(page, pool.submit(_read_page, restore, client, open_token, page)) for page in pages]
        for page, read in reads:
            try:
                stray, later = _account_for(restore, page, read.result())
            except SocialpubError as error:
                unread.append(f"{page}: {error}")
                continue
            strays.extend(stray)
            doubted += later
    return Comparison(tuple(strays), doubted, tuple(unread), _count_unconfirmed(restore))


def _read_page(
    restore: Restore, client: GraphClient, open_token: OpenToken, page: FacebookPageConnection
) -> list[PagePost]:
    """What our app made there since the dump. In this order: a post goes from the first list to the second."""
    token, since = open_token(page), restore.dumped_at - CLOCK_TOLERANCE
    held = list_scheduled_posts(client, page.page_id, token)
    live = list_published_posts(client, page.page_id, token, since=since)
    posts = {post.id: post for post in (*held, *live) if post.created_time is None or post.created_time >= since}
    return [post for post in posts.values() if post.application_id in (None, client.settings.app_id)]


def _account_for(
    restore: Restore, page: FacebookPageConnection, posts: Sequence[PagePost]
) -> tuple[list[StrayPost], int]:
    """What no row accounts for, and how many posts of later were doubted because their words are there already."""
    with transaction(restore.engine, actor=restore.actor) as session:
        known = _list_known(session, posts)
        unknown = [post for post in posts if post.id not in known]
        if not unknown:
            return [], 0
        rows = _list_open_rows(session, page)
        later = _find_sent_early(rows, unknown)
        restore.doubt_posts(session, later)
    explained = {normalise_text(row.body) for row in rows}
    return [StrayPost(page, post) for post in unknown if normalise_text(post.message) not in explained], len(later)


def _list_known(session: Session, posts: Sequence[PagePost]) -> set[str | None]:
    ids = [post.id for post in posts]
    known = select(ScheduledPublish.facebook_post_id).where(ScheduledPublish.facebook_post_id.in_(ids))
    return set(session.scalars(known))


def _list_open_rows(session: Session, page: FacebookPageConnection) -> Sequence[Row[Any]]:
    statuses = (PostStatus.PENDING, PostStatus.UNCONFIRMED)
    return session.execute(
        select(ScheduledPublish.id, ScheduledPublish.status, EventPostDraft.body)
        .join(EventPostDraft, EventPostDraft.id == ScheduledPublish.draft_id)
        .where(
            ScheduledPublish.connection_id == page.id,
            ScheduledPublish.stage.in_(("open", "unconfirmed")),
            ScheduledPublish.status.in_(statuses),
        )
    ).all()


def _find_sent_early(rows: Sequence[Row[Any]], unknown: Sequence[PagePost]) -> list[UUID]:
    """Pending posts whose words are there more often than unconfirmed ones explain: published by hand, or moved."""
    suspects = Counter(normalise_text(row.body) for row in rows if row.status == PostStatus.UNCONFIRMED)
    seen = Counter(normalise_text(post.message) for post in unknown)
    return [
        row.id
        for row in rows
        if row.status == PostStatus.PENDING and seen[normalise_text(row.body)] > suspects[normalise_text(row.body)]
    ]


def _count_unconfirmed(restore: Restore) -> int:
    with transaction(restore.engine, actor=restore.actor) as session:
        unconfirmed = select(func.count()).where(ScheduledPublish.status == PostStatus.UNCONFIRMED)
        return session.scalars(unconfirmed).one()
