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
    """Several posts could be the one, or one may be but for its link; a person has to look."""

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

    `known_ids` are Page posts that belong to other rows of ours. A post with the same text whose link or time can't be
    relied on makes the answer `Ambiguous`, never `Absent`: Facebook rewrites links, and a wrong "absent" posts twice.
    Source: Graph API reference, Page published posts.
    """
    earliest = not_before - CLOCK_TOLERANCE
    possible = [
        candidate
        for candidate in posts
        if candidate.id not in known_ids
        and candidate.is_published is not False
        and candidate.application_id in (None, application_id)
        and (candidate.created_time is None or candidate.created_time >= earliest)
        and normalise_text(candidate.message) == normalise_text(post.message)
    ]
    sure = [candidate for candidate in possible if candidate.created_time and _has_same_link(candidate, post)]
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
