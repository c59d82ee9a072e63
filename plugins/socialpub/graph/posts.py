"""Posts of a Page, with text, a link or photos: publish, read one, list the published ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from socialpub.errors import GraphFailure, InvalidPostError
from socialpub.graph.answers import unusable_answer
from socialpub.graph.client import GraphClient, OnAnswer, PreparedCall, go_on
from socialpub.graph.encoding import encode_params
from socialpub.graph.interpret import Call
from socialpub.graph.page_post import POST_FIELDS, PagePost, parse_instant, parse_page_post, parse_text
from socialpub.graph.paging import MAX_PAGES, are_all_older, list_nodes
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
    "publish_unseen_post",
    "read_post",
    "send_feed_post",
]

# Asked for with the write itself, so that a published post needs no second call (Graph API reference, Page feed).
_FIELDS_AFTER_WRITE = "id,permalink_url,created_time"


@dataclass(frozen=True, slots=True)
class FeedPost:
    """What goes on the Page: text, a link, photos, or several of them. The content is not part of the repr.

    `attached_media` are ids of unpublished photos of the Page, in the order they are shown. With a
    `scheduled_publish_time` (aware, sent as whole seconds) Facebook keeps the post unpublished until then; photos of
    such a post have to be uploaded as temporary (Graph API reference, Page photos).
    """

    message: str | None = field(repr=False)
    link: str | None = field(default=None, repr=False)
    attached_media: tuple[str, ...] = ()
    scheduled_publish_time: datetime | None = None


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
    """A post that Facebook confirmed, live or scheduled; `id` has the full form `{page}_{post}`."""

    id: str
    permalink_url: str | None
    created_time: datetime | None
    usage: Usage = field(default_factory=Usage)
    fbtrace_id: str | None = None


def build_feed_request(page_id: str, post: FeedPost) -> FeedRequest:
    """What publishing would send. Raises `InvalidPostError` for a post with neither text nor link nor media."""
    edge = f"{page_id}/feed"
    data = encode_params({"message": post.message, "link": post.link, **_describe_media(post)})
    if not data:
        failure = GraphFailure(edge, "The post has neither text nor a link nor media; nothing was sent.")
        raise InvalidPostError(failure, next_step="give the post a text and schedule it again.")
    return FeedRequest(edge, data | _describe_schedule(post))


def _describe_media(post: FeedPost) -> dict[str, Any]:
    return {"attached_media": [{"media_fbid": photo_id} for photo_id in post.attached_media] or None}


def _describe_schedule(post: FeedPost) -> dict[str, str]:
    if post.scheduled_publish_time is None:
        return {}
    # Asked for where a post has several photos, and not said to be wrong with one (Graph API reference, Page photos).
    content_type = "SCHEDULED" if post.attached_media else None
    schedule = {"published": False, "scheduled_publish_time": post.scheduled_publish_time}
    return encode_params({**schedule, "unpublished_content_type": content_type})


def prepare_feed_post(client: GraphClient, page_id: str, token: Secret, post: FeedPost) -> PreparedFeedPost:
    """Everything about publishing but the sending. Raises `InvalidPostError` or `TokenRefusedError`."""
    request = build_feed_request(page_id, post)
    call = client.prepare_post(request.edge, token=token, data=request.data, params={"fields": _FIELDS_AFTER_WRITE})
    return PreparedFeedPost(page_id, request.edge, call)


def send_feed_post(client: GraphClient, prepared: PreparedFeedPost, on_answer: OnAnswer = go_on) -> PublishedPost:
    """Publish (or hand over, if it is scheduled), with one request that is never repeated.

    Raises a `GraphError`; `OutcomeUnknownError` also for a success without the id of a post of this Page.
    Source: Graph API reference, Page feed.
    """
    response = client.send(prepared.call, on_answer)
    post_id = parse_text(response.body.get("id"))
    if not post_id or not re.fullmatch(rf"{re.escape(prepared.page_id)}_[0-9]+", post_id):
        raise unusable_answer(prepared.call.call, "The answer holds no id of a post of this Page.", response)
    return PublishedPost(
        post_id,
        parse_text(response.body.get("permalink_url")),
        parse_instant(response.body.get("created_time")),
        response.usage,
        response.fbtrace_id,
    )


def publish_unseen_post(client: GraphClient, page_id: str, token: Secret, message: str) -> PublishedPost:
    """A post that is on the Page but shown to nobody (`published` false, Graph API reference, Page feed).

    Raises what `send_feed_post` raises.
    """
    edge, data = f"{page_id}/feed", encode_params({"message": message, "published": False})
    call = client.prepare_post(edge, token=token, data=data, params={"fields": _FIELDS_AFTER_WRITE})
    return send_feed_post(client, PreparedFeedPost(page_id, edge, call))


def read_post(client: GraphClient, post_id: str, token: Secret) -> PagePost:
    """Read one post by its full id. Raises a `GraphError`: `InvalidPostError` when it does not exist."""
    response = client.get(post_id, token=token, params={"fields": POST_FIELDS})
    post = parse_page_post(response.body)
    if post is None:
        raise unusable_answer(Call("GET", post_id), "The answer is no post.", response)
    return post


def list_published_posts(
    client: GraphClient, page_id: str, token: Secret, *, since: datetime, max_pages: int = MAX_PAGES
) -> list[PagePost]:
    """The posts created at or after `since`, newest first, all of them or an error.

    A list that does not end within `max_pages` pages of 25 is a `TryAgainError`: half a list can't prove a post absent.
    `since` is compared here, because Facebook does not document the parameter for this edge; posts without a
    created_time are kept. Source: Graph API reference, Page published posts.
    """
    posts = list_nodes(
        client,
        f"{page_id}/published_posts",
        token,
        fields=POST_FIELDS,
        parse=parse_page_post,
        is_enough=lambda page: are_all_older(page, since),
        max_pages=max_pages,
    )
    recent = [post for post in posts if post.created_time is None or post.created_time >= since]
    return sorted(recent, key=lambda post: post.created_time or since, reverse=True)
