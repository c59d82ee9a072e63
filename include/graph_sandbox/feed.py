"""`POST /{page}/feed`: texts, links and albums, published, scheduled or kept as drafts (D-FEED, D-POSTS)."""

from __future__ import annotations

from typing import Any

from graph_sandbox.attached import read_attached, require_temporary
from graph_sandbox.entities import Content, Page, Post
from graph_sandbox.errors import GraphFault, invalid_parameter
from graph_sandbox.links import check_link
from graph_sandbox.params import read_bool, read_text, refuse_unknown
from graph_sandbox.post_node import read_fields, render_post
from graph_sandbox.request import GraphRequest
from graph_sandbox.schedules import read_content_type, read_schedule, scripted_fate
from graph_sandbox.state import World
from graph_sandbox.texts import read_message
from graph_sandbox.tokens import authenticate, find_page, require_publisher

FEED_PARAMS = frozenset(
    {
        "message",
        "link",
        "published",
        "scheduled_publish_time",
        "unpublished_content_type",
        "attached_media",
        "client_mutation_id",  # accepted and without effect: nobody documents that it prevents a second post
    }
)


def create_post(world: World, request: GraphRequest) -> dict[str, Any]:
    """Create a post and return its id, or the fields asked for."""
    token = authenticate(world, request)
    page = find_page(world, request)
    require_publisher(page, token)
    refuse_unknown(request.params, FEED_PARAMS)
    fields = read_fields(request)
    post = _create(world, page, request, app_id=token.app_id)
    request.arrival.committed = post.id
    return render_post(world, post, fields or {"id": None}, base_url=request.base_url)


def _create(world: World, page: Page, request: GraphRequest, *, app_id: str) -> Post:
    message = read_message(request)
    link = check_link(world, read_text(request.params, "link"))
    photos = read_attached(world, page, request)
    if message is None and link is None and not photos:
        raise invalid_parameter("Missing message or attachment")
    if link is not None and photos:
        raise invalid_parameter("A post can have either a link or attached_media")
    is_published = read_bool(request.params, "published", default=True)
    publish_at = read_schedule(world, request, edge="feed", is_published=is_published)
    content_type = read_content_type(request, is_published=is_published, publish_at=publish_at)
    if publish_at is not None and photos:
        if content_type != "SCHEDULED":
            raise invalid_parameter("A scheduled post with photos must have unpublished_content_type SCHEDULED")
        require_temporary(photos)
    if is_published:
        _refuse_duplicate(world, page, (message, link, tuple(photo.id for photo in photos)))
    return world.add_post(
        page,
        app_id=app_id,
        message=message,
        link=link,
        is_published=is_published,
        publish_at=publish_at,
        photos=photos,
        fate=scripted_fate(request),
    )


def _refuse_duplicate(world: World, page: Page, content: Content) -> None:
    if world.settings.refuse_duplicates and page.last_published == content:
        raise GraphFault(506, "(#506) Duplicate status message", user_title="Duplicate Status Update")


ROUTES = {("POST", "feed"): create_post}
