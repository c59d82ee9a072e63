"""`GET`, `POST` and `DELETE /{post}`: one post read, edited, rescheduled, published or deleted (D-POSTS)."""

from __future__ import annotations

from typing import Any

from graph_sandbox.entities import Post, Token, TokenKind
from graph_sandbox.errors import GraphFault, invalid_parameter, missing_object, refuse_reading
from graph_sandbox.feed import read_message, read_schedule, refuse_unknown_media
from graph_sandbox.params import read_bool, refuse_unknown
from graph_sandbox.post_node import read_fields, render_post
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.tokens import authenticate, require_publisher

UPDATE_PARAMS = frozenset({"message", "is_published", "scheduled_publish_time", "attached_media"})
RESCHEDULE_LIMIT_SECONDS = 29 * 86_400
"""A post may not be moved further than this from its creation (a third-party report, taken as true)."""


def read_post(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return one post; it is there as soon as it was written, whatever the lists still show."""
    token, post = _find_post(world, request)
    refuse_unknown(request.params, frozenset())
    if "pages_read_engagement" not in token.scopes:
        refuse_reading("pages_read_engagement")
    return render_post(world, post, read_fields(request), base_url=request.base_url)


def update_post(world: World, request: GraphRequest) -> dict[str, Any]:
    """Change a post of the same app; everything is checked before anything changes."""
    token, post = _find_post(world, request)
    require_publisher(world.pages[post.page_id], token)
    if post.app_id != token.app_id:
        raise GraphFault(10, "(#10) Application does not have permission for this action", status=403)
    refuse_unknown(request.params, UPDATE_PARAMS)
    refuse_unknown_media(request)
    message = read_message(request)
    publishes = _read_publish(request, post)
    publish_at = _read_new_schedule(world, request, post, publishes=publishes)
    if message is None and not publishes and publish_at is None:
        raise invalid_parameter("Missing parameter: message")
    _apply(world, post, message=message, publishes=publishes, publish_at=publish_at)
    request.arrival.committed = post.id
    return {"success": True}


def delete_post(world: World, request: GraphRequest) -> dict[str, Any]:
    """Delete a post; the second time it is code 100 subcode 33, like any object that is not there."""
    token, post = _find_post(world, request)
    require_publisher(world.pages[post.page_id], token)
    refuse_unknown(request.params, frozenset())
    world.delete_post(post)
    request.arrival.committed = post.id
    return {"success": True}


def _find_post(world: World, request: GraphRequest) -> tuple[Token, Post]:
    token = authenticate(world, request)
    post = world.find_post(request.node)
    if post is None or token.kind is not TokenKind.PAGE or token.page_id != post.page_id:
        raise missing_object(request.method, request.node)
    return token, post


def _read_publish(request: GraphRequest, post: Post) -> bool:
    if "is_published" not in request.params:
        return False
    if not read_bool(request.params, "is_published", default=True):
        raise invalid_parameter("A post cannot be unpublished")
    if post.is_published:
        raise invalid_parameter("The post has already been published")
    return True


def _read_new_schedule(world: World, request: GraphRequest, post: Post, *, publishes: bool) -> int | None:
    publish_at = read_schedule(world, request, is_published=post.is_published or publishes)
    if publish_at is not None and publish_at - post.first_created_at > RESCHEDULE_LIMIT_SECONDS:
        raise invalid_parameter("The specified scheduled publish time is invalid")
    return publish_at


def _apply(world: World, post: Post, *, message: str | None, publishes: bool, publish_at: int | None) -> None:
    page = world.pages[post.page_id]
    post.updated_at = world.now()
    if message is not None:
        post.message = message
    if publish_at is not None:
        post.scheduled_publish_time = publish_at
        page.waiting.add(post.id)
    if publishes:
        post.publish(at=world.now())
        page.waiting.discard(post.id)
        page.last_published = (post.message, post.link)


ROUTES = {("GET", "post"): read_post, ("POST", "post"): update_post, ("DELETE", "post"): delete_post}
