"""The ASGI application: the control API, Pages as people see them, and the Graph API for every other path."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Mount

from graph_sandbox.control_api import build_control_api
from graph_sandbox.graph_api import GraphApi
from graph_sandbox.login_dialog import DIALOG_ROUTES
from graph_sandbox.pages_html import PAGE_ROUTES
from graph_sandbox.state import World


def build_app(world: World | None = None, *, public_url: str | None = None) -> Starlette:
    """Return the sandbox as an application around a world (a fresh one by default).

    `public_url` is the address people and clients use, for permalinks and paging; without it the Host header says.
    """
    shown = world or World()
    app = Starlette(
        routes=[
            Mount("/_control", app=build_control_api(shown)),
            *PAGE_ROUTES,
            *DIALOG_ROUTES,
            Mount("/", app=GraphApi(shown, public_url=public_url)),
        ]
    )
    app.state.world = shown
    return app
