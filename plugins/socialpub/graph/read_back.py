"""Is the post of an unanswered request on the Page? Pure: the list of the Page's posts comes in as an argument."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from socialpub.graph.page_post import PagePost
from socialpub.graph.posts import FeedPost

# Facebook's created_time has whole seconds and its clock is not ours.
CLOCK_TOLERANCE = timedelta(seconds=30)
_WHITESPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one post is the one."""

    post: PagePost


@dataclass(frozen=True, slots=True)
class Absent:
    """No post of the list can be the one. Lists lag behind writes, so this is no proof right after sending."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Several posts could be the one, or one may be but for its link or media; a person has to look."""

    candidates: tuple[PagePost, ...]


ReadBack = Found | Absent | Ambiguous


def find_published(
    posts: Iterable[PagePost],
    *,
    post: FeedPost,
    application_id: str,
    not_before: datetime,
    known_ids: Collection[str],
) -> ReadBack:
    """Look for `post` among the Page's posts, sent at `not_before` by the app `application_id`.

    `known_ids` are Page posts that belong to other rows of ours. A post with the same text whose link, media or time
    can't be relied on makes the answer `Ambiguous`, never `Absent`: Facebook rewrites links, and a wrong "absent" posts
    twice. So does a post of other text that shows our media, because nobody else has their ids.
    Source: Graph API reference, Page published posts.
    """
    live = (candidate for candidate in posts if candidate.is_published is not False)
    possible = _find_possible(live, post, application_id, not_before, known_ids)
    return _decide(possible, [candidate for candidate in possible if _is_surely(candidate, post)])


def find_scheduled(
    posts: Iterable[PagePost],
    *,
    post: FeedPost,
    application_id: str,
    not_before: datetime,
    known_ids: Collection[str],
) -> ReadBack:
    """The same among the posts that Facebook holds until their time; one with another time is never surely ours.

    A post that is due meanwhile has left this list for the published ones: absent here alone proves nothing then.
    Source: Graph API reference, Page scheduled posts.
    """
    held = (candidate for candidate in posts if candidate.is_published is not True)
    possible = _find_possible(held, post, application_id, not_before, known_ids)
    sure = [
        candidate
        for candidate in possible
        if _is_surely(candidate, post) and _has_same_schedule(candidate, post.scheduled_publish_time)
    ]
    return _decide(possible, sure)


def _find_possible(
    posts: Iterable[PagePost],
    post: FeedPost,
    application_id: str,
    not_before: datetime,
    known_ids: Collection[str],
) -> list[PagePost]:
    earliest = not_before - CLOCK_TOLERANCE
    return [
        candidate
        for candidate in posts
        if candidate.id not in known_ids
        and candidate.application_id in (None, application_id)
        and (candidate.created_time is None or candidate.created_time >= earliest)
        and _may_be(candidate, post)
    ]


def _may_be(candidate: PagePost, post: FeedPost) -> bool:
    if not set(post.attached_media).isdisjoint(candidate.media_ids):
        return True
    shows_others = bool(post.attached_media and candidate.media_ids)
    return _has_same_text(candidate, post) and (bool(normalise_text(post.message)) or not shows_others)


def _is_surely(candidate: PagePost, post: FeedPost) -> bool:
    return (
        candidate.created_time is not None
        and _has_same_text(candidate, post)
        and _has_same_link(candidate, post)
        and _has_same_media(candidate, post)
    )


def _decide(possible: list[PagePost], sure: list[PagePost]) -> ReadBack:
    match sure or possible:
        case []:
            return Absent()
        case [only] if sure:
            return Found(only)
        case candidates:
            return Ambiguous(tuple(candidates))


def normalise_text(text: str | None) -> str:
    """Text as far as Facebook keeps it: composed (NFC), runs of whitespace and line ends as one space, trimmed."""
    return _WHITESPACE.sub(" ", unicodedata.normalize("NFC", text or "")).strip()


def normalise_link(link: str) -> str:
    """A link without what Facebook adds or evens out: letter case of the host, last slash, fragment, fbclid."""
    try:
        parts = urlsplit(link.strip())
        query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "fbclid"]
        return urlunsplit((parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/"), urlencode(query), ""))
    except ValueError:
        return link.strip()


def _has_same_link(candidate: PagePost, post: FeedPost) -> bool:
    """Compared only when both are known: Facebook does not always name the link of a post, or adds a preview's."""
    if not candidate.link or not post.link:
        return bool(normalise_text(post.message)) or not post.link
    return normalise_link(candidate.link) == normalise_link(post.link)


def _has_same_text(candidate: PagePost, post: FeedPost) -> bool:
    return normalise_text(candidate.message) == normalise_text(post.message)


def _has_same_media(candidate: PagePost, post: FeedPost) -> bool:
    """A post without photos says nothing about what Facebook shows with it: a link may come with a video."""
    return not post.attached_media or set(candidate.media_ids) == set(post.attached_media)


def _has_same_schedule(candidate: PagePost, planned: datetime | None) -> bool:
    shown = candidate.scheduled_publish_time
    return planned is not None and shown is not None and int(shown.timestamp()) == int(planned.timestamp())
