"""A post published at once, for tests that need one on the Page."""

from __future__ import annotations

from socialpub.graph.client import GraphClient
from socialpub.graph.posts import FeedPost, PublishedPost, prepare_feed_post, send_feed_post
from socialpub.models.secret import Secret


def publish_feed_post(client: GraphClient, page_id: str, token: Secret, post: FeedPost) -> PublishedPost:
    """Prepare and send in one go; raises what both raise."""
    return send_feed_post(client, prepare_feed_post(client, page_id, token, post))
