"""`subscribed_apps`: which apps' webhooks hear of a Page (D-HOOKPAGE)."""

from __future__ import annotations

from typing import Any

from graph_sandbox.entities import Page, Token, TokenKind
from graph_sandbox.errors import GraphFault, invalid_parameter
from graph_sandbox.params import read_text, refuse_unknown
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.tokens import authenticate, find_page

SCOPE = "pages_manage_metadata"
TASKS = frozenset({"CREATE_CONTENT", "MANAGE", "MODERATE"})
FIELDS = frozenset({"feed", "mention", "name", "picture", "category", "description", "conversations", "ratings"})


def subscribe(world: World, request: GraphRequest) -> dict[str, Any]:
    """Subscribe the token's app to fields of its Page."""
    page, token = _require_manager(world, request)
    refuse_unknown(request.params, frozenset({"subscribed_fields"}))
    fields = tuple(part.strip() for part in (read_text(request.params, "subscribed_fields") or "").split(",") if part)
    if not fields or not set(fields) <= FIELDS:
        raise invalid_parameter("Param subscribed_fields must be a list of known fields")
    page.subscribed_apps[token.app_id] = fields
    return {"success": True}


def unsubscribe(world: World, request: GraphRequest) -> dict[str, Any]:
    """Take the subscription back."""
    page, token = _require_manager(world, request)
    refuse_unknown(request.params, frozenset())
    page.subscribed_apps.pop(token.app_id, None)
    return {"success": True}


def list_subscribed_apps(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return the subscribed apps."""
    page, _ = _require_manager(world, request)
    refuse_unknown(request.params, frozenset())
    apps = [(world.apps[app_id], fields) for app_id, fields in page.subscribed_apps.items() if app_id in world.apps]
    return {
        "data": [
            {"category": "Business", "link": "https://www.facebook.com/games/", "name": app.name, "id": app.id}
            | {"subscribed_fields": list(fields)}
            for app, fields in apps
        ]
    }


def _require_manager(world: World, request: GraphRequest) -> tuple[Page, Token]:
    token, page = authenticate(world, request), find_page(world, request)
    if token.kind is not TokenKind.PAGE or token.page_id != page.id or not TASKS & set(token.tasks):
        raise GraphFault(210, "(#210) A page access token is required to request this resource.", status=403)
    if SCOPE not in token.scopes:
        raise GraphFault(200, f"(#200) Requires {SCOPE} permission to manage the object", status=403)
    return page, token


ROUTES = {
    ("POST", "subscribed_apps"): subscribe,
    ("DELETE", "subscribed_apps"): unsubscribe,
    ("GET", "subscribed_apps"): list_subscribed_apps,
}
