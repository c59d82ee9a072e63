"""`GET`, `POST` and `DELETE /{post}`: one post read, edited, rescheduled, published or deleted (D-POSTS)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graph_sandbox.attached import read_attached, require_temporary
from graph_sandbox.entities import Fate, Post, Token
from graph_sandbox.errors import GraphFault, invalid_parameter, missing_object, refuse_reading
from graph_sandbox.media import Photo
from graph_sandbox.params import read_bool, refuse_unknown
from graph_sandbox.post_node import read_fields, render_post
from graph_sandbox.request import GraphRequest
from graph_sandbox.schedules import read_schedule, scripted_fate
from graph_sandbox.state import World
from graph_sandbox.texts import read_message
from graph_sandbox.tokens import authenticate, require_publisher, require_same_page

UPDATE_PARAMS = frozenset({"message", "is_published", "scheduled_publish_time", "attached_media"})
RESCHEDULE_LIMIT_SECONDS = 29 * 86_400
"""A post may not be moved further than this from its creation (a third-party report, taken as true)."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What an update asks for; as it stands, nothing."""

    message: str | None = None
    publishes: bool = False
    publish_at: int | None = None
    photos: tuple[Photo, ...] = ()
    fate: Fate = Fate.FIRES


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
    change = _read_change(world, request, post)
    if change == _Change(fate=change.fate):
        raise invalid_parameter("Missing parameter: message")
    _apply(world, post, change)
    request.arrival.committed = post.id
    return {"success": True}


def _read_change(world: World, request: GraphRequest, post: Post) -> _Change:
    publishes = _read_publish(request, post)
    return _Change(
        message=read_message(request),
        publishes=publishes,
        publish_at=(publish_at := _read_new_schedule(world, request, post, publishes=publishes)),
        photos=_read_new_photos(world, request, post, is_scheduled=publish_at is not None or post.is_scheduled),
        fate=scripted_fate(request),
    )


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
    if post is None:
        raise missing_object(request.method, request.node)
    require_same_page(request, token, post.page_id)
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
    publish_at = read_schedule(world, request, edge="feed", is_published=post.is_published or publishes)
    if publish_at is None:
        return None
    if publish_at - post.first_created_at > RESCHEDULE_LIMIT_SECONDS:
        raise invalid_parameter("The specified scheduled publish time is invalid")
    require_temporary(world.library.photos_of(post))
    return publish_at


def _read_new_photos(world: World, request: GraphRequest, post: Post, *, is_scheduled: bool) -> tuple[Photo, ...]:
    photos = read_attached(world, world.pages[post.page_id], request, post=post)
    if photos and (post.is_published or post.link):
        raise invalid_parameter("attached_media can only be changed on an unpublished post without a link")
    if is_scheduled:
        require_temporary(photos)
    return photos


def _apply(world: World, post: Post, change: _Change) -> None:
    page = world.pages[post.page_id]
    post.updated_at = world.now()
    if change.message is not None:
        post.message = change.message
    if change.photos:
        world.library.attach(post, change.photos)
    if change.publish_at is not None:
        post.scheduled_publish_time, post.fate = change.publish_at, change.fate
        page.waiting.add(post.id)
    if change.publishes:
        post.publish(at=world.now())
        page.waiting.discard(post.id)
        page.last_published = post.content
        world.tell_webhooks(post, "add", at=world.now())


ROUTES = {("GET", "post"): read_post, ("POST", "post"): update_post, ("DELETE", "post"): delete_post}
