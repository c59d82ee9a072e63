"""Posts and videos that Facebook holds until their time: list them, move them, publish them early."""

from __future__ import annotations

from datetime import datetime

from socialpub.graph.client import GraphClient
from socialpub.graph.nodes import delete_node, update_node
from socialpub.graph.page_post import POST_FIELDS, PagePost, parse_page_post
from socialpub.graph.paging import MAX_PAGES, list_nodes
from socialpub.models.secret import Secret


def list_scheduled_posts(
    client: GraphClient, page_id: str, token: Secret, *, max_pages: int = MAX_PAGES
) -> list[PagePost]:
    """Every post that waits for its time, in Facebook's order, all of them or an error; the rules are `list_nodes`'.

    Source: Graph API reference, Page scheduled posts.
    """
    edge = f"{page_id}/scheduled_posts"
    return list_nodes(client, edge, token, fields=POST_FIELDS, parse=parse_page_post, max_pages=max_pages)


def reschedule(client: GraphClient, node_id: str, token: Secret, publish_at: datetime) -> None:
    """Give a scheduled post or video another time, sent as whole seconds. May be repeated.

    Raises a `GraphError`: `InvalidPostError` when it does not exist, is live already, or may not be moved so far.
    Source: Graph API reference, Page post and Video, Updating.
    """
    update_node(client, node_id, token, {"scheduled_publish_time": publish_at})


def publish_post_now(client: GraphClient, post_id: str, token: Secret) -> None:
    """Publish a scheduled post early; an unclear outcome is an `OutcomeUnknownError`, and reading the post settles it.

    Source: Graph API reference, Page post, Updating.
    """
    update_node(client, post_id, token, {"is_published": True}, is_repeatable=False)


def publish_video_now(client: GraphClient, video_id: str, token: Secret) -> None:
    """The same for a scheduled video, which `read_video` settles. Source: Graph API reference, Video, Updating."""
    update_node(client, video_id, token, {"published": True}, is_repeatable=False)


def cancel_schedule(client: GraphClient, node_id: str, token: Secret) -> None:
    """Delete a scheduled post or video, before or after its time; `delete_node` says what else that may come to."""
    delete_node(client, node_id, token)
