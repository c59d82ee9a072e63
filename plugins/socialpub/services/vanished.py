"""A post that Facebook should hold and does not have under its id: is it anywhere else?"""

from __future__ import annotations

from socialpub.graph.posts import list_published_posts
from socialpub.graph.read_back import CLOCK_TOLERANCE, Ambiguous, ReadBack, find_published
from socialpub.graph.scheduled import list_scheduled_posts
from socialpub.models.secret import Secret
from socialpub.services.held_post import HeldPost
from socialpub.services.publish import Publisher


def look_everywhere(publisher: Publisher, held: HeldPost, token: Secret) -> ReadBack:
    """Absent means: neither scheduled nor published, by two complete lists. Raises a `GraphError`."""
    client, page_id = publisher.client, held.post.page.page_id
    # In this order: a post whose time comes meanwhile goes from the first list to the second.
    scheduled = list_scheduled_posts(client, page_id, token)
    published = list_published_posts(client, page_id, token, since=held.handed_over_at - CLOCK_TOLERANCE)
    contradicting = tuple(page_post for page_post in scheduled if page_post.id == held.node_id)
    if contradicting:
        return Ambiguous(contradicting)
    return find_published(
        published,
        post=held.post.content,
        application_id=client.settings.app_id,
        not_before=held.handed_over_at,
        known_ids=publisher.confirmer.known_ids(held.post) - {held.node_id},
    )
