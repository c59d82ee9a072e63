"""The login dialog (D-LOGIN): decided at once as scripted, or a small page on which a person decides."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from graph_sandbox.entities import PUBLISHING_SCOPES, App, User
from graph_sandbox.state import DEFAULT_USER, AuthorizationCode, World

STYLE = """
body{margin:0;background:#f0f2f5;color:#1c1e21;font:16px/1.45 system-ui,sans-serif}
main{max-width:26rem;margin:3rem auto;background:#fff;border-radius:8px;padding:24px;box-shadow:0 1px 2px #0003}
label{display:block;margin:.6em 0}select{font:inherit;width:100%}
button{font:inherit;padding:.5em 1.2em;margin:1em .5em 0 0}
"""
CANCELED = {
    "error_reason": "user_denied",
    "error": "access_denied",
    "error_description": "Permissions error",
    "error_code": "200",
}
ORDER = ("client_id", "redirect_uri", "state", "scope", "auth_type")


async def show_dialog(request: Request) -> Response:
    """Answer at once, or show the page that asks."""
    world, order = _world(request), request.query_params
    app = _find_app(world, order)
    if app is None:
        return _blocked()
    if world.settings.dialog_decision == "ask":
        return HTMLResponse(_render(world, app, order))
    if world.settings.dialog_decision == "deny":
        return _send_back(order, CANCELED)
    user = world.users[DEFAULT_USER]
    return _send_back(order, _approve(world, app, order, user, declined=user.declined_scopes))


async def answer_dialog(request: Request) -> Response:
    """Take what the person chose on the page: whom they log in as, and what they leave switched on."""
    world, form = _world(request), dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
    switched_on = {value for name, value in parse_qsl((await request.body()).decode()) if name == "grant"}
    app, user = _find_app(world, form), world.users.get(form.get("user", ""))
    if app is None or user is None:
        return _blocked()
    if form.get("decision") != "approve":
        return _send_back(form, CANCELED)
    offered = set(_offered(form, user))
    user.declined_scopes = (user.declined_scopes - (switched_on & offered)) | (offered - switched_on)
    return _send_back(form, _approve(world, app, form, user, declined=user.declined_scopes))


def _approve(world: World, app: App, order: Mapping[str, str], user: User, *, declined: set[str]) -> dict[str, str]:
    code = f"AQ{secrets.token_urlsafe(40)}"
    granted = tuple(scope for scope in _asked(order) if scope not in declined)
    world.codes[code] = AuthorizationCode(app.id, user.id, order["redirect_uri"], granted)
    return {"code": code}


def _asked(order: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(part.strip() for part in order.get("scope", "").split(",") if part.strip()) or PUBLISHING_SCOPES


def _offered(order: Mapping[str, str], user: User) -> tuple[str, ...]:
    """What is asked of this person: what they declined before only with `auth_type=rerequest`."""
    again = order.get("auth_type") == "rerequest"
    return tuple(scope for scope in _asked(order) if again or scope not in user.declined_scopes)


def _send_back(order: Mapping[str, str], answer: dict[str, str]) -> Response:
    """Send the browser to the redirect address; Facebook adds the fragment."""
    address, state = order["redirect_uri"], {"state": order["state"]} if "state" in order else {}
    return RedirectResponse(f"{address}{'&' if '?' in address else '?'}{urlencode(answer | state)}#_=_", 302)


def _find_app(world: World, order: Mapping[str, str]) -> App | None:
    app, address = world.apps.get(order.get("client_id", "")), order.get("redirect_uri")
    if app is None or not address or (app.redirect_uris and address not in app.redirect_uris):
        return None
    return app


def _blocked() -> Response:
    return PlainTextResponse("URL Blocked: this redirect failed because the URI is not registered.", 400)


def _render(world: World, app: App, order: Mapping[str, str]) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(order[name])}">' for name in ORDER if name in order
    )
    people = "".join(f'<option value="{user.id}">{escape(user.name)}</option>' for user in world.users.values())
    # Whom the page is for is not known before it is sent; what anybody would be asked is shown to all.
    boxes = "".join(
        f'<label><input type="checkbox" name="grant" value="{escape(scope)}" checked> {escape(scope)}</label>'
        for scope in _asked(order)
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Log in with Facebook (sandbox)</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body><main>'
        f"<h1>Facebook (sandbox)</h1><p>{escape(app.name)} would like to manage your Pages.</p>"
        f'<form method="post">{hidden}<label>Log in as <select name="user">{people}</select></label>{boxes}'
        '<button name="decision" value="approve">Continue</button>'
        '<button name="decision" value="cancel">Cancel</button></form></main></body></html>'
    )


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


DIALOG_ROUTES = [
    route
    for path in ("/dialog/oauth", "/{version}/dialog/oauth")
    for route in (Route(path, show_dialog, methods=["GET"]), Route(path, answer_dialog, methods=["POST"]))
]
