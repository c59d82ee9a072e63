"""`/me`, `/me/accounts`, `/me/permissions` and the Page node: who a token is, and which Pages it opens (D-LONG)."""

from __future__ import annotations

import hashlib
from typing import Any

from graph_sandbox.entities import Page, Token, TokenKind, User
from graph_sandbox.errors import GraphFault, missing_object
from graph_sandbox.fields import Fields, parse_fields, pick
from graph_sandbox.paging import PAGING_PARAMS, render_list
from graph_sandbox.params import read_text, refuse_unknown
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.tokens import authenticate, find_page

Owner = tuple[Token, User]


def read_me(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return the person or Page behind the token."""
    token = authenticate(world, request)
    refuse_unknown(request.params, frozenset())
    if token.kind is TokenKind.PAGE:
        return _render_page(world, find_page(world, request), request, token)
    _, user = _owner(world, token)
    return pick({"id": user.id, "name": user.name}, _fields(request))


def read_page(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return a Page; `access_token` is simply absent when the token's owner has no right to it."""
    token = authenticate(world, request)
    refuse_unknown(request.params, frozenset())
    page = find_page(world, request)
    is_own = token.kind is TokenKind.PAGE and token.page_id == page.id
    user = world.users.get(token.user_id or "") if token.kind is TokenKind.USER else None
    may_have_token = is_own or (user is not None and page.id in user.accounts and "pages_show_list" in token.scopes)
    if not may_have_token and token.kind is TokenKind.PAGE:
        raise missing_object(request.method, request.node)
    return _render_page(world, page, request, token if may_have_token else None)


def list_accounts(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return the Pages of the token's owner, each with a Page access token; none without `pages_show_list`."""
    token, user = _require_owner(world, request)
    refuse_unknown(request.params, PAGING_PARAMS)
    fields = _fields(request)
    granted = user.accounts if "pages_show_list" in token.scopes else []
    rows = [(number, world.pages[page_id]) for number, page_id in enumerate(granted) if page_id in world.pages]
    return render_list(
        request, rows, key=lambda row: (row[0],), render=lambda row: pick(_account_node(world, row[1], token), fields)
    )


def list_permissions(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return which permissions were granted and which were declined."""
    token, user = _require_owner(world, request)
    refuse_unknown(request.params, PAGING_PARAMS)
    granted = [{"permission": scope, "status": "granted"} for scope in token.scopes]
    declined = [{"permission": scope, "status": "declined"} for scope in sorted(user.declined_scopes)]
    return {"data": granted + declined}


def derive_page_token(world: World, page: Page, user_token: Token) -> Token:
    """Return the Page access token that a user token gives.

    From a long-lived user token it has no expiry date; from a short-lived one it dies with it.
    """
    digest = hashlib.sha256(f"{user_token.value} {page.id}".encode()).hexdigest()
    if known := world.tokens.get(f"EAAG{digest}"):
        return known
    is_short_lived = user_token.expires_at is not None and user_token.expires_at - user_token.issued_at < 86_400
    return world.add_token(
        Token(
            value=f"EAAG{digest}",
            kind=TokenKind.PAGE,
            app_id=user_token.app_id,
            user_id=user_token.user_id,
            page_id=page.id,
            scopes=user_token.scopes,
            tasks=page.tasks,
            expires_at=user_token.expires_at if is_short_lived else None,
            parent=user_token,
        )
    )


def _owner(world: World, token: Token) -> Owner:
    user = world.users.get(token.user_id or "")
    if token.kind is not TokenKind.USER or user is None:
        raise GraphFault(2500, "An active access token must be used to query information about the current user.")
    return token, user


def _require_owner(world: World, request: GraphRequest) -> Owner:
    token, user = _owner(world, authenticate(world, request))
    if request.node not in ("me", user.id):
        raise missing_object(request.method, request.node)
    return token, user


def _fields(request: GraphRequest) -> Fields | None:
    text = read_text(request.params, "fields")
    return parse_fields(text) if text else None


def _account_node(world: World, page: Page, token: Token) -> dict[str, Any]:
    return {
        "access_token": derive_page_token(world, page, token).value,
        "category": page.category,
        "category_list": [{"id": "2612", "name": page.category}],
        "name": page.name,
        "id": page.id,
        "tasks": list(page.tasks),
    }


def _render_page(world: World, page: Page, request: GraphRequest, token: Token | None) -> dict[str, Any]:
    node = {
        "id": page.id,
        "name": page.name,
        "category": page.category,
        "link": f"{request.base_url}/pages/{page.id}",
        "access_token": _page_token(world, page, token) if token else None,
    }
    return pick(node, _fields(request) or {"name": None, "id": None})


def _page_token(world: World, page: Page, token: Token) -> str:
    return token.value if token.kind is TokenKind.PAGE else derive_page_token(world, page, token).value


ROUTES = {
    ("GET", "me"): read_me,
    ("GET", "page"): read_page,
    ("GET", "accounts"): list_accounts,
    ("GET", "permissions"): list_permissions,
}
