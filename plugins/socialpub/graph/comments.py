"""Comments of a Page on its own posts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from socialpub.graph.answers import parse_id, require_id
from socialpub.graph.client import GraphClient
from socialpub.graph.page_post import parse_instant, parse_text
from socialpub.graph.paging import are_all_older, list_nodes
from socialpub.graph.prepare import Order
from socialpub.graph.read_back import CLOCK_TOLERANCE, normalise_text
from socialpub.models.secret import Secret

_FIELDS = "id,message,created_time,from{id}"


@dataclass(frozen=True, slots=True)
class PageComment:
    """A comment on a post. What Facebook did not give is None; `author_id` is a Page or a person."""

    id: str
    message: str | None = field(repr=False)
    created_time: datetime | None
    author_id: str | None


def add_comment(client: GraphClient, post_id: str, token: Secret, message: str) -> str:
    """Comment on a post as its Page, with one request that is never repeated, and return the comment's id.

    `post_id` is the full id of the post, not that of a photo or video in it. Needs `pages_manage_engagement`; without
    it Facebook refuses with a `PermissionRefusedError`. Source: Graph API reference, Page post comments.
    """
    prepared = client.prepare(Order("POST", f"{post_id}/comments", form={"message": message}), token)
    return require_id(prepared.call, client.send(prepared))


def list_comments(client: GraphClient, post_id: str, token: Secret, *, since: datetime) -> list[PageComment]:
    """The comments of a post (not replies) made at or after `since`, newest first, all of them or a `GraphError`."""
    comments = list_nodes(
        client,
        f"{post_id}/comments",
        token,
        fields=_FIELDS,
        parse=_parse_comment,
        is_enough=lambda page: are_all_older(page, since),
        params={"order": "reverse_chronological"},
    )
    return [comment for comment in comments if comment.created_time is None or comment.created_time >= since]


def find_comment(
    comments: Iterable[PageComment], *, message: str, page_id: str, not_before: datetime
) -> PageComment | None:
    """The comment of an unanswered request, sent at `not_before`; one whose author or time is not known counts.

    Lists lag behind writes: None is no proof right after sending.
    """
    earliest = not_before - CLOCK_TOLERANCE
    return next(
        (
            comment
            for comment in comments
            if normalise_text(comment.message) == normalise_text(message)
            and comment.author_id in (None, page_id)
            and (comment.created_time is None or comment.created_time >= earliest)
        ),
        None,
    )


def _parse_comment(node: Any) -> PageComment | None:  # noqa: ANN401 - JSON of a shape we do not trust
    comment_id = parse_id(node.get("id")) if isinstance(node, dict) else None
    if comment_id is None:
        return None
    author = node.get("from")
    return PageComment(
        comment_id,
        parse_text(node.get("message")),
        parse_instant(node.get("created_time")),
        parse_text(author.get("id")) if isinstance(author, dict) else None,
    )
