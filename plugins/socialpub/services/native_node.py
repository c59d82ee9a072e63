"""What Facebook has under the id of a post that was handed over: the post itself, or the video that will be one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from socialpub.graph.answers import unusable_answer
from socialpub.graph.client import GraphClient
from socialpub.graph.interpret import Call
from socialpub.graph.nodes import read_node
from socialpub.graph.page_post import POST_FIELDS, parse_page_post
from socialpub.graph.scheduled import publish_post_now, publish_video_now
from socialpub.graph.video_status import STATUS_FIELDS, VideoState, parse_video_status
from socialpub.models.secret import Secret


@dataclass(frozen=True, slots=True)
class NativeNode:
    """`id` is the post's full id once it is live; before, that under which it was asked for."""

    id: str
    is_live: bool
    permalink_url: str | None = None
    created_time: datetime | None = None
    is_scheduled: bool = False
    """Whether it is a video that Facebook names a time for."""
    is_uploading: bool = False
    """Whether it is a video whose upload was not ended, or is not known to be."""
    is_processing: bool = False
    """Whether it is a video that Facebook still works on, so that it can't be published yet."""
    errors: tuple[str, ...] = ()
    """Why the video can never be published."""


def is_video(node_id: str) -> bool:
    """A post's full id has its Page's in front."""
    return "_" not in node_id


def read_native(client: GraphClient, page_id: str, node_id: str, token: Secret) -> NativeNode | None:
    """None when Facebook does not have it (any more). Raises a `GraphError`, and then nothing is known."""
    return _read_video(client, page_id, node_id, token) if is_video(node_id) else _read_post(client, node_id, token)


def publish_native_now(client: GraphClient, node_id: str, token: Secret) -> None:
    """Raises a `GraphError`; reading the node settles an unclear outcome."""
    (publish_video_now if is_video(node_id) else publish_post_now)(client, node_id, token)


def _read_post(client: GraphClient, post_id: str, token: Secret) -> NativeNode | None:
    response = read_node(client, post_id, token, fields=POST_FIELDS)
    if response is None:
        return None
    post = parse_page_post(response.body)
    if post is None or post.is_published is None:
        raise unusable_answer(Call("GET", post_id), "The answer does not say whether the post is live.", response)
    return NativeNode(post.id, post.is_published, post.permalink_url, post.created_time)


def _read_video(client: GraphClient, page_id: str, video_id: str, token: Secret) -> NativeNode | None:
    response = read_node(client, video_id, token, fields=STATUS_FIELDS)
    if response is None:
        return None
    status = parse_video_status(response.body, secrets=[token.reveal()])
    is_live = status.state is VideoState.READY and status.is_published is True
    post_id = status.post_id or video_id
    return NativeNode(
        (post_id if "_" in post_id else f"{page_id}_{post_id}") if is_live else video_id,
        is_live,
        status.permalink_url,
        is_scheduled=status.scheduled_publish_time is not None,
        is_uploading=status.state is VideoState.UPLOADING,
        is_processing=status.state in (VideoState.UPLOADING, VideoState.PROCESSING),
        errors=status.errors if status.state is VideoState.FAILED else (),
    )
