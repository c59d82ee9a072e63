"""What a person takes back: the app's access to their account, and their own role on a Page."""

from __future__ import annotations

from typing import Any

from graph_sandbox.entities import Page, Token, TokenKind, User
from graph_sandbox.errors import missing_object
from graph_sandbox.params import refuse_unknown
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.tokens import authenticate

NOT_AUTHORIZED = 458
NO_ROLE = 492


def revoke_permissions(world: World, request: GraphRequest) -> dict[str, Any]:
    """Take the app out of a person's account; asked by the app, or by the person (User permissions reference)."""
    asker = authenticate(world, request)
    refuse_unknown(request.params, frozenset())
    user = world.users.get(asker.user_id or "" if request.node == "me" else request.node)
    is_allowed = asker.kind is TokenKind.APP or (asker.kind is TokenKind.USER and user and asker.user_id == user.id)
    if user is None or not is_allowed:
        raise missing_object(request.method, request.node)
    for token in _tokens(world, user, app_id=asker.app_id):
        token.is_refused, token.refusal_subcode = True, NOT_AUTHORIZED
    return {"success": True}


def set_role(world: World, user: User, page: Page, *, has_role: bool) -> None:
    """Take a person's role on a Page away: their tokens for it answer 190/492. Or give it back."""
    user.accounts = [page_id for page_id in user.accounts if page_id != page.id] + ([page.id] if has_role else [])
    for token in _tokens(world, user, app_id=page.app_id):
        if token.page_id == page.id:
            token.is_refused, token.refusal_subcode = not has_role, None if has_role else NO_ROLE


def _tokens(world: World, user: User, *, app_id: str) -> list[Token]:
    return [token for token in world.tokens.values() if token.user_id == user.id and token.app_id == app_id]


ROUTES = {("DELETE", "permissions"): revoke_permissions}
