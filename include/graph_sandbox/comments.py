"""Comments of the Page itself: `/{post}/comments`, and `GET` and `DELETE /{comment}`."""

from __future__ import annotations

from typing import Any

from graph_sandbox.entities import Comment, Post, Token
from graph_sandbox.errors import GraphFault, invalid_parameter, missing_object, refuse_reading
from graph_sandbox.fields import Fields, parse_fields, pick
from graph_sandbox.paging import PAGING_PARAMS, Key, render_list
from graph_sandbox.params import read_text, refuse_unknown
from graph_sandbox.post_node import graph_time
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.texts import read_message
from graph_sandbox.tokens import authenticate, require_same_page

PERMISSION = "pages_manage_engagement"
ORDERS = ("chronological", "reverse_chronological")
_DEFAULT_FIELDS: Fields = dict.fromkeys(("created_time", "from", "message", "id"))
_EMPTY_NODE: dict[str, Any] = {
    **dict.fromkeys(("id", "message", "created_time", "permalink_url")),
    "from": {"id": "", "name": ""},
}


def create_comment(world: World, request: GraphRequest) -> dict[str, Any]:
    """Comment a published post as its Page and return the comment's id, or the fields asked for."""
    token, post = _find_post(world, request)
    _require_moderator(token)
    refuse_unknown(request.params, frozenset({"message"}))
    fields = _read_fields(request)
    message = read_message(request)
    if message is None:
        raise invalid_parameter("Missing parameter: message")
    if not post.is_published:
        raise invalid_parameter("A post that is not published cannot be commented")
    comment = world.add_comment(post, message)
    request.arrival.committed = comment.id
    return _render(world, comment, fields or {"id": None}, request)


def list_comments(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return the comments of a post, oldest first unless `order` says otherwise; the list lags as the Page's do."""
    token, post = _find_post(world, request)
    _require_reader(token)
    refuse_unknown(request.params, PAGING_PARAMS | {"order"})
    order = read_text(request.params, "order") or ORDERS[0]
    if order not in ORDERS:
        raise invalid_parameter(f"Param order must be one of {{{', '.join(ORDERS)}}}")
    fields = _read_fields(request) or _DEFAULT_FIELDS
    sign = 1 if order == ORDERS[0] else -1
    listed_until = world.now() - world.pages[post.page_id].list_lag_seconds
    rows = [comment for comment in post.comments.values() if comment.created_at <= listed_until]

    def key(comment: Comment) -> Key:
        return (sign * comment.created_at, sign * comment.sequence)

    rows.sort(key=key)
    return render_list(request, rows, key=key, render=lambda comment: _render(world, comment, fields, request))


def read_comment(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return one comment."""
    token, comment = _find_comment(world, request)
    _require_reader(token)
    refuse_unknown(request.params, frozenset())
    return _render(world, comment, _read_fields(request) or _DEFAULT_FIELDS, request)


def delete_comment(world: World, request: GraphRequest) -> dict[str, Any]:
    """Delete a comment; the second time it is code 100 subcode 33."""
    token, comment = _find_comment(world, request)
    _require_moderator(token)
    refuse_unknown(request.params, frozenset())
    world.pages[comment.page_id].posts[comment.post_id].comments.pop(comment.id)
    request.arrival.committed = comment.id
    return {"success": True}


def _find_post(world: World, request: GraphRequest) -> tuple[Token, Post]:
    token = authenticate(world, request)
    post = world.find_post(request.node)
    if post is None:
        raise missing_object(request.method, request.node)
    require_same_page(request, token, post.page_id)
    return token, post


def _find_comment(world: World, request: GraphRequest) -> tuple[Token, Comment]:
    token = authenticate(world, request)
    comment = world.find_comment(request.node)
    if comment is None:
        raise missing_object(request.method, request.node)
    require_same_page(request, token, comment.page_id)
    return token, comment


def _require_moderator(token: Token) -> None:
    if PERMISSION not in token.scopes or "MODERATE" not in token.tasks:
        words = f"(#200) Commenting as a Page requires the {PERMISSION} permission and the MODERATE task of the Page"
        raise GraphFault(200, words, status=403)


def _require_reader(token: Token) -> None:
    if "pages_read_engagement" not in token.scopes:
        refuse_reading("pages_read_engagement")


def _read_fields(request: GraphRequest) -> Fields | None:
    text = read_text(request.params, "fields")
    if not text:
        return None
    fields = parse_fields(text)
    pick(_EMPTY_NODE, fields)
    return fields


def _render(world: World, comment: Comment, fields: Fields, request: GraphRequest) -> dict[str, Any]:
    post = f"{request.base_url}/{comment.page_id}/posts/{comment.post_id.partition('_')[2]}"
    node = {
        "id": comment.id,
        "message": comment.message,
        "created_time": graph_time(comment.created_at),
        "permalink_url": f"{post}?comment_id={comment.sequence}",
        "from": {"id": comment.page_id, "name": world.pages[comment.page_id].name},
    }
    return pick(node, fields)


ROUTES = {
    ("POST", "comments"): create_comment,
    ("GET", "comments"): list_comments,
    ("GET", "comment"): read_comment,
    ("DELETE", "comment"): delete_comment,
}
