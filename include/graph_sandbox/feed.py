"""`POST /{page}/feed`: text and link posts, published, scheduled or kept as drafts (D-FEED, D-POSTS)."""

from __future__ import annotations

from typing import Any

from graph_sandbox.entities import Page, Post
from graph_sandbox.errors import GraphFault, invalid_parameter
from graph_sandbox.links import check_link
from graph_sandbox.params import read_bool, read_objects, read_text, read_time, refuse_unknown
from graph_sandbox.post_node import read_fields, render_post
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
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
UNPUBLISHED_CONTENT_TYPES = frozenset(
    {
        "SCHEDULED",
        "SCHEDULED_RECURRING",
        "DRAFT",
        "PUBLISH_PENDING",
        "ADS_POST",
        "INLINE_CREATED",
        "PUBLISHED",
        "REVIEWABLE_BRANDED_CONTENT",
    }
)
MESSAGE_LIMIT = 63_206
"""Characters, counted as JavaScript counts them (UTF-16 units): the stricter of the two counts."""


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
    refuse_unknown_media(request)
    if message is None and link is None:
        raise invalid_parameter("Missing message or attachment")
    is_published = read_bool(request.params, "published", default=True)
    publish_at = read_schedule(world, request, is_published=is_published)
    _check_content_type(request, is_published=is_published, publish_at=publish_at)
    if is_published:
        _refuse_duplicate(world, page, (message, link))
    return world.add_post(
        page, app_id=app_id, message=message, link=link, is_published=is_published, publish_at=publish_at
    )


def read_message(request: GraphRequest) -> str | None:
    """Return the text as Facebook stores it: line ends unified, blanks at both ends gone.

    Raises:
        GraphFault: code 100 for a text that is empty or too long.
    """
    message = read_text(request.params, "message")
    if message is None:
        return None
    stored = message.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not stored:
        raise invalid_parameter("The post is empty. Please enter a message to share.")
    if len(stored.encode("utf-16-le", "surrogatepass")) // 2 > MESSAGE_LIMIT:
        raise invalid_parameter(f"Param message must be no longer than {MESSAGE_LIMIT} characters")
    return stored


def refuse_unknown_media(request: GraphRequest) -> None:
    """Refuse attached media: the sandbox takes no uploads, so it knows no photo."""
    for item in read_objects(request.params, "attached_media"):
        if "media_fbid" not in item:
            raise invalid_parameter("Missing parameter: media_fbid")
        raise invalid_parameter(f"Invalid parameter: attached media {item['media_fbid']} does not exist")


def read_schedule(world: World, request: GraphRequest, *, is_published: bool) -> int | None:
    """Return when the post shall go out by itself, inside the window of the settings (10 minutes … 30 days)."""
    publish_at = read_time(request.params, "scheduled_publish_time")
    if publish_at is None:
        return None
    if is_published:
        raise invalid_parameter("You cannot specify a scheduled publish time on a published post")
    ahead = publish_at - world.now()
    if not world.settings.schedule_min_seconds <= ahead <= world.settings.schedule_max_seconds:
        raise invalid_parameter("The specified scheduled publish time is invalid")
    return publish_at


def _check_content_type(request: GraphRequest, *, is_published: bool, publish_at: int | None) -> None:
    content_type = read_text(request.params, "unpublished_content_type")
    if content_type is None:
        return
    if content_type not in UNPUBLISHED_CONTENT_TYPES:
        allowed = ", ".join(sorted(UNPUBLISHED_CONTENT_TYPES))
        raise invalid_parameter(f"Param unpublished_content_type must be one of {{{allowed}}}")
    if is_published:
        raise invalid_parameter("You cannot specify unpublished_content_type on a published post")
    if content_type == "SCHEDULED" and publish_at is None:
        raise invalid_parameter("Missing parameter: scheduled_publish_time")
    if content_type != "SCHEDULED" and publish_at is not None:
        raise invalid_parameter("A scheduled post must have unpublished_content_type SCHEDULED")


def _refuse_duplicate(world: World, page: Page, content: tuple[str | None, str | None]) -> None:
    if world.settings.refuse_duplicates and page.last_published == content:
        raise GraphFault(506, "(#506) Duplicate status message", user_title="Duplicate Status Update")


ROUTES = {("POST", "feed"): create_post}
