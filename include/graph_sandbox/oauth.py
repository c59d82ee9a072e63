"""Tokens for sale: `oauth/access_token` and `debug_token` (D-LONG)."""

from __future__ import annotations

import secrets
from typing import Any

from graph_sandbox.entities import App, Token, TokenKind
from graph_sandbox.errors import GraphFault, invalid_parameter
from graph_sandbox.params import read_text, refuse_unknown
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.tokens import authenticate, check_token, find_token

SHORT_LIFE_SECONDS = 5_400
LONG_LIFE_SECONDS = 5_183_944
EXCHANGE_PARAMS = frozenset(
    {"client_id", "client_secret", "redirect_uri", "code", "grant_type", "fb_exchange_token", "state"}
)


def exchange(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return an access token for a code, a short-lived token, or the app's own credentials."""
    refuse_unknown(request.params, EXCHANGE_PARAMS)
    app = _find_app(world, request)
    grant = read_text(request.params, "grant_type") or "authorization_code"
    if grant == "client_credentials":
        return {"access_token": f"{app.id}|{app.secret}", "token_type": "bearer"}
    if grant == "fb_exchange_token":
        return _prolong(world, app, request)
    if grant == "authorization_code":
        return _redeem_code(world, app, request)
    raise invalid_parameter("Invalid grant_type")


def _find_app(world: World, request: GraphRequest) -> App:
    client_id = read_text(request.params, "client_id")
    if not client_id:
        raise GraphFault(101, "Missing client_id parameter.")
    app = world.apps.get(client_id)
    if app is None:
        words = "Cannot get application info due to a system error."
        raise GraphFault(101, f"Error validating application. {words}")
    if not secrets.compare_digest(app.secret.encode(), str(request.params.get("client_secret", "")).encode()):
        raise GraphFault(1, "Error validating client secret.")
    return app


def _redeem_code(world: World, app: App, request: GraphRequest) -> dict[str, Any]:
    code = world.codes.get(read_text(request.params, "code") or "")
    if code is None or code.app_id != app.id:
        raise GraphFault(100, "Invalid verification code format.", subcode=36007)
    if request.params.get("redirect_uri") != code.redirect_uri:
        words = "Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request"
        raise GraphFault(100, f"Error validating verification code. {words}", subcode=36008)
    if code.is_used:
        raise GraphFault(100, "This authorization code has been used.", subcode=36009)
    code.is_used = True
    return _sell(world, app, code.user_id, scopes=code.scopes, life_seconds=SHORT_LIFE_SECONDS)


def _prolong(world: World, app: App, request: GraphRequest) -> dict[str, Any]:
    value = read_text(request.params, "fb_exchange_token")
    if not value:
        raise GraphFault(1, "fb_exchange_token parameter not specified")
    token = find_token(world, value)
    check_token(world, token)
    if token.kind is not TokenKind.USER or token.app_id != app.id or token.user_id is None:
        raise GraphFault(190, "The access token does not belong to application.")
    return _sell(world, app, token.user_id, scopes=token.scopes, life_seconds=LONG_LIFE_SECONDS)


def _sell(world: World, app: App, user_id: str, *, scopes: tuple[str, ...], life_seconds: int) -> dict[str, Any]:
    token = Token(
        value=f"EAAG{secrets.token_urlsafe(48)}",
        kind=TokenKind.USER,
        app_id=app.id,
        user_id=user_id,
        scopes=scopes,
        expires_at=world.now() + life_seconds,
    )
    world.add_token(token)
    return {"access_token": token.value, "token_type": "bearer", "expires_in": life_seconds}


def debug_token(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return what a token is; of a refused one still HTTP 200, with the reason inside `data`."""
    asker = authenticate(world, request)
    refuse_unknown(request.params, frozenset({"input_token"}))
    user = world.users.get(asker.user_id or "")
    if asker.kind is not TokenKind.APP and not (asker.kind is TokenKind.USER and user and user.is_developer):
        words = "You must provide an app access token, or a user access token that is an owner or developer of the app"
        raise invalid_parameter(words)
    value = read_text(request.params, "input_token")
    if not value:
        raise invalid_parameter("Missing parameter: input_token")
    try:
        token = find_token(world, value)
        check_token(world, token)
    except GraphFault as fault:
        return {"data": {"is_valid": False, "scopes": [], "error": _reason(fault)}}
    if token.app_id != asker.app_id:
        raise invalid_parameter("The App_id in the input_token did not match the Viewing App")
    return {"data": _describe(world, token)}


def _reason(fault: GraphFault) -> dict[str, Any]:
    reason: dict[str, Any] = {"code": fault.code, "message": fault.message}
    return reason if fault.subcode is None else {**reason, "subcode": fault.subcode}


def _describe(world: World, token: Token) -> dict[str, Any]:
    described = {
        "app_id": token.app_id,
        "type": token.kind.value,
        "application": world.apps[token.app_id].name,
        "data_access_expires_at": int(token.issued_at) + 90 * 86_400,
        "expires_at": int(token.expires_at or 0),
        "is_valid": True,
        "issued_at": int(token.issued_at),
        "profile_id": token.page_id,
        "scopes": list(token.scopes),
        "granular_scopes": [_granular(scope, token) for scope in token.scopes],
        "user_id": token.user_id,
    }
    return {name: value for name, value in described.items() if value is not None}


def _granular(scope: str, token: Token) -> dict[str, Any]:
    is_scoped = token.page_id is not None and scope.startswith("pages_") and scope != "pages_show_list"
    return {"scope": scope, "target_ids": [token.page_id]} if is_scoped else {"scope": scope}


ROUTES = {
    ("GET", "oauth/access_token"): exchange,
    ("POST", "oauth/access_token"): exchange,
    ("GET", "debug_token"): debug_token,
}
