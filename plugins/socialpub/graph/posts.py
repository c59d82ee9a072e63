"""Text and link posts of a Page: publish, read one, list the published ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from socialpub.errors import GraphFailure, InvalidPostError
from socialpub.graph.client import GraphClient, GraphResponse, PreparedCall
from socialpub.graph.encoding import encode_params
from socialpub.graph.interpret import Call, unclear_outcome
from socialpub.graph.page_post import POST_FIELDS, PagePost, parse_instant, parse_page_post, parse_text
from socialpub.graph.tokens import TokenInfo, inspect_token
from socialpub.graph.usage import Usage
from socialpub.models.secret import Secret

__all__ = [
    "FeedPost",
    "FeedRequest",
    "PagePost",
    "PublishedPost",
    "TokenInfo",
    "build_feed_request",
    "inspect_token",
    "list_published_posts",
    "prepare_feed_post",
    "publish_feed_post",
    "read_post",
    "send_feed_post",
]

# Asked for with the write itself, so that a published post needs no second call (Graph API reference, Page feed).
_FIELDS_AFTER_WRITE = "id,permalink_url,created_time"
_POSTS_A_PAGE = 25  # Attachments make bigger pages slow, and Facebook answers those with code 1.


@dataclass(frozen=True, slots=True)
class FeedPost:
    """What goes on the Page: text, a link, or both. The content is not part of the repr."""

    message: str | None = field(repr=False)
    link: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """A write as it would be sent, without the token: the edge and the form."""

    edge: str
    data: dict[str, str]


@dataclass(frozen=True, slots=True)
class PreparedFeedPost:
    """A post that only has to be sent."""

    page_id: str
    edge: str
    call: PreparedCall


@dataclass(frozen=True, slots=True)
class PublishedPost:
    """A post that Facebook confirmed; `id` has the full form `{page}_{post}`."""

    id: str
    permalink_url: str | None
    created_time: datetime | None
    usage: Usage = field(default_factory=Usage)


def build_feed_request(page_id: str, post: FeedPost) -> FeedRequest:
    """What publishing would send. Raises `InvalidPostError` for a post with neither text nor link."""
    edge = f"{page_id}/feed"
    data = encode_params({"message": post.message, "link": post.link})
    if not data:
        failure = GraphFailure(edge, "The post has neither text nor a link; nothing was sent.")
        raise InvalidPostError(failure, next_step="give the post a text and schedule it again.")
    return FeedRequest(edge, data)


def prepare_feed_post(client: GraphClient, page_id: str, token: Secret, post: FeedPost) -> PreparedFeedPost:
    """Everything about publishing but the sending. Raises `InvalidPostError` or `TokenRefusedError`."""
    request = build_feed_request(page_id, post)
    call = client.prepare_post(request.edge, token=token, data=request.data, params={"fields": _FIELDS_AFTER_WRITE})
    return PreparedFeedPost(page_id, request.edge, call)


def send_feed_post(client: GraphClient, prepared: PreparedFeedPost) -> PublishedPost:
    """Publish now, with one request that is never repeated.

    Raises a `GraphError`; `OutcomeUnknownError` also for a success without the id of a post of this Page.
    Source: Graph API reference, Page feed.
    """
    response = client.send(prepared.call)
    post_id = parse_text(response.body.get("id"))
    if not post_id or not re.fullmatch(rf"{re.escape(prepared.page_id)}_[0-9]+", post_id):
        raise unclear_outcome(
            Call("POST", prepared.edge),
            _failure(prepared.edge, "The answer holds no id of a post of this Page.", response),
        )
    return PublishedPost(
        post_id,
        parse_text(response.body.get("permalink_url")),
        parse_instant(response.body.get("created_time")),
        response.usage,
    )


def publish_feed_post(client: GraphClient, page_id: str, token: Secret, post: FeedPost) -> PublishedPost:
    """Prepare and send in one go; raises what both raise."""
    return send_feed_post(client, prepare_feed_post(client, page_id, token, post))


def read_post(client: GraphClient, post_id: str, token: Secret) -> PagePost:
    """Read one post by its full id. Raises a `GraphError`: `InvalidPostError` when it does not exist."""
    response = client.get(post_id, token=token, params={"fields": POST_FIELDS})
    post = parse_page_post(response.body)
    if post is None:
        raise _unusable(post_id, "The answer is no post.", response)
    return post


def list_published_posts(
    client: GraphClient, page_id: str, token: Secret, *, since: datetime, max_pages: int = 20
) -> list[PagePost]:
    """The posts created at or after `since`, newest first, all of them or an error.

    A list that does not end within `max_pages` pages of 25 is a `TryAgainError`: half a list can't prove a post absent.
    `since` is compared here, because Facebook does not document the parameter for this edge; posts without a
    created_time are kept. Source: Graph API reference, Page published posts.
    """
    edge, after = f"{page_id}/published_posts", None
    found: list[PagePost] = []
    for _ in range(max_pages):
        params = {"fields": POST_FIELDS, "limit": _POSTS_A_PAGE, "after": after}
        response = client.get(edge, token=token, params=params)
        posts = _parse_list(edge, response)
        found += [post for post in posts if post.created_time is None or post.created_time >= since]
        after = _cursor_after(edge, response)
        if after is None or _are_all_older(posts, since):
            return sorted(found, key=lambda post: post.created_time or since, reverse=True)
    raise _unusable(edge, f"The list of posts did not end within {max_pages} pages.", response)


def _are_all_older(posts: list[PagePost], since: datetime) -> bool:
    """Whether a page lies wholly before `since`. An empty page says nothing: the next may hold posts."""
    return bool(posts) and all(post.created_time is not None and post.created_time < since for post in posts)


def _parse_list(edge: str, response: GraphResponse) -> list[PagePost]:
    data = response.body.get("data")
    posts = [parse_page_post(node) for node in data] if isinstance(data, list) else [None]
    known = [post for post in posts if post is not None]
    if len(known) < len(posts):
        raise _unusable(edge, "The answer is no list of posts.", response)
    return known


def _cursor_after(edge: str, response: GraphResponse) -> str | None:
    """The cursor of the next page. Only `next` says that there is one, and it holds the token: the URL is not used."""
    paging: Any = response.body.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = parse_text(cursors.get("after")) if isinstance(cursors, dict) else None
    if after is None:
        raise _unusable(edge, "The list of posts goes on, but its cursor is missing.", response)
    return after


def _unusable(edge: str, message: str, response: GraphResponse) -> Exception:
    return unclear_outcome(Call("GET", edge), _failure(edge, message, response))


def _failure(edge: str, message: str, response: GraphResponse) -> GraphFailure:
    return GraphFailure(edge, message, response.http_status, fbtrace_id=response.fbtrace_id)
