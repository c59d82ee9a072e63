"""One Graph API request, taken apart: version, node, edge, parameters and the token with its way of transport."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from starlette.types import Message, Receive, Scope

from graph_sandbox.arrivals import Arrival
from graph_sandbox.errors import GraphFault
from graph_sandbox.params import SECRET_PARAMS, Params, parse_body, parse_query

BODY_LIMIT = 1_000_000
"""Bytes of a request that uploads nothing."""

OLDEST_VERSION = "v21.0"
NEWEST_VERSION = "v27.0"
_VERSION = re.compile(r"v\d{1,3}\.\d")
_POST_ID = re.compile(r"\d+_\d+")
_ROOT_EDGES = frozenset({"me", "debug_token"})


@dataclass(slots=True)
class GraphRequest:
    """What the handlers see of a request. `node` is "" for calls that name no object."""

    method: str
    path: str
    version: str | None
    node: str
    edge: str
    page_id: str | None
    params: Params
    token: str | None
    token_transport: str | None
    user_agent: str | None
    base_url: str
    arrival: Arrival

    @property
    def served_version(self) -> str:
        """The version that answers: an unversioned call gets the oldest one still available."""
        return self.version or OLDEST_VERSION

    @property
    def message(self) -> str | None:
        """The text of the post this request writes, if it writes one."""
        message = self.params.get("message")
        return message if isinstance(message, str) else None


@dataclass(frozen=True, slots=True)
class Location:
    """A path taken apart."""

    version: str | None
    node: str
    edge: str


def locate(path: str) -> Location:
    """Take a path apart; `edge` is "post", "page" or "me" for a node itself and "" for a path that leads nowhere."""
    segments = [segment for segment in path.split("/") if segment]
    version = segments.pop(0) if segments and _VERSION.fullmatch(segments[0]) else None
    if segments == ["oauth", "access_token"]:
        return Location(version, "", "oauth/access_token")
    if len(segments) == 1:
        return Location(version, segments[0], _edge_of_node(segments[0]))
    if len(segments) == 2:
        return Location(version, segments[0], segments[1])
    return Location(version, "", "")


def _edge_of_node(node: str) -> str:
    if node in _ROOT_EDGES:
        return node
    return "post" if _POST_ID.fullmatch(node) else "page"


async def read_body(receive: Receive) -> bytes | None:
    """Return the whole body, or None when the client left before its end.

    Raises:
        GraphFault: the body is larger than `BODY_LIMIT`; the rest of it is left unread.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        event: Message = await receive()
        if event["type"] == "http.disconnect":
            return None
        chunks.append(event.get("body", b""))
        size += len(chunks[-1])
        if size > BODY_LIMIT:
            raise GraphFault(100, f"(#100) The request body is larger than {BODY_LIMIT} bytes", status=413)
        if not event.get("more_body"):
            return b"".join(chunks)


async def collect_params(scope: Scope, headers: dict[bytes, bytes], body: bytes) -> tuple[Params, Params]:
    """Return the parameters of the query string and those of the body."""
    query = parse_query(scope["query_string"]) if scope["query_string"] else {}
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    return query, await parse_body(content_type, body) if body else {}


def find_token(headers: dict[bytes, bytes], query: Params, body: Params) -> tuple[str | None, str | None]:
    """Return the access token and how it travelled: header, query, form or json. The header wins."""
    scheme, _, value = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() in ("bearer", "oauth") and value.strip():
        return value.strip(), "header"
    if query.get("access_token"):
        return str(query["access_token"]), "query"
    if body.get("access_token"):
        is_json = headers.get(b"content-type", b"").lower().startswith(b"application/json")
        return str(body["access_token"]), "json" if is_json else "form"
    return None, None


def without_secrets(params: Params) -> dict[str, Any]:
    """Return parameters fit to be recorded; what is not JSON (an uploaded file) becomes its type's name."""
    plain = (str, int, float, bool, list, dict, type(None))
    return {
        name: value if isinstance(value, plain) else type(value).__name__
        for name, value in params.items()
        if name not in SECRET_PARAMS
    }
