"""What surrounds every request: a bound on its size, headers that browsers obey, a query that no access log sees."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from socialpub.api.problem import Problem

CALLBACK = "/social/facebook/callback"
LARGEST_BODY = 4 << 20
"""Bytes. A batch of Facebook's webhook has up to 1,000 changes; a draft of 63,000 characters has a fifth of it."""
QUERY = "socialpub.query"
"""Where the callback finds its query string."""

STYLE = """
:root{color-scheme:light dark}
body{margin:0;font:1rem/1.5 system-ui,sans-serif}
main{max-width:42rem;margin:0 auto;padding:2rem 1rem}
h1{font-size:1.5rem;line-height:1.2;overflow-wrap:anywhere}
li{margin:.75rem 0;overflow-wrap:anywhere}
ul{list-style:none;padding:0}
dt{font-weight:600}dd{margin:0 0 .5rem;overflow-wrap:anywhere}
button,.button{font:inherit;padding:.4rem 1rem;border:1px solid;border-radius:.4rem;background:none;color:inherit;
cursor:pointer;display:inline-block;text-decoration:none}
.note{opacity:.75}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


class SafeAnswers:
    """Sets the headers of every answer; `changed` are those that an app has otherwise."""

    def __init__(self, app: ASGIApp, changed: Mapping[str, str] | None = None) -> None:
        self.app, self.headers = app, {**_HEADERS, **(changed or {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_safely)


class BoundedBody:
    """Refuses what is larger than anything that our routes take.

    A JSON body is gathered in memory before anybody asks who sent it. Files come by PATCH, a buffer at a time.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        received = 0

        async def receive_some() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > LARGEST_BODY:
                raise Problem(
                    413, "too_large", f"A request has at most {LARGEST_BODY} bytes.",
                    next_step="send less at once; files go in pieces to /uploads.",
                )  # fmt: skip
            return message

        is_bounded = scope["type"] == "http" and scope["method"] != "PATCH"
        await self.app(scope, receive_some if is_bounded else receive, send)


class HiddenQuery:
    """Takes code and state out of the request before anybody can log them.

    Airflow's access log reads the query string from the request's scope once it is answered; uvicorn's own is off. The
    scope is one and the same for the whole server, so what is taken out here is out for it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].endswith(CALLBACK):
            scope[QUERY], scope["query_string"] = scope["query_string"], b""
        await self.app(scope, receive, send)
