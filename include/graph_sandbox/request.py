"""One Graph API request, taken apart: version, node, edge, parameters and the token with its way of transport."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from graph_sandbox.arrivals import Arrival
from graph_sandbox.fault_rules import FaultRule
from graph_sandbox.file_part import FilePart
from graph_sandbox.params import SECRET_PARAMS, Params

OLDEST_VERSION = "v21.0"
NEWEST_VERSION = "v27.0"
_VERSION = re.compile(r"v\d{1,3}\.\d")
_POST_ID = re.compile(r"\d+_\d+")
_ROOT_EDGES = frozenset({"me", "debug_token"})


@dataclass(slots=True)
class GraphRequest:
    """What the handlers see of a request. `node` is "" for calls that name no object; `fault` is what strikes it."""

    method: str
    path: str
    version: str | None
    node: str
    edge: str
    page_id: str | None
    headers: dict[str, str]
    base_url: str
    arrival: Arrival
    params: Params = field(default_factory=dict)
    files: list[FilePart] = field(default_factory=list)
    token: str | None = None
    token_transport: str | None = None
    fault: FaultRule | None = None

    @property
    def phase(self) -> str | None:
        """The phase of a chunked upload."""
        phase = self.params.get("upload_phase")
        return phase if isinstance(phase, str) else None

    @property
    def served_version(self) -> str:
        """The version that answers: an unversioned call gets the oldest one still available."""
        return self.version or OLDEST_VERSION

    @property
    def message(self) -> str | None:
        """The text this request writes, whatever its edge calls it, if it writes one."""
        texts = (self.params.get(name) for name in ("message", "caption", "description"))
        return next((text for text in texts if isinstance(text, str)), None)

    def harmless_headers(self) -> dict[str, str]:
        """Return the headers fit to be recorded: of credentials only the scheme."""
        shown = {name: value for name, value in self.headers.items() if name != "cookie"}
        return shown | {name: shown[name].partition(" ")[0] for name in shown if "authorization" in name}


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
    if node.startswith("upload:"):
        return "upload"
    return "post" if _POST_ID.fullmatch(node) else "page"


def find_token(headers: dict[str, str], query: Params, body: Params) -> tuple[str | None, str | None]:
    """Return the access token and how it travelled: header, query, form or json. The header wins."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() in ("bearer", "oauth") and value.strip():
        return value.strip(), "header"
    if query.get("access_token"):
        return str(query["access_token"]), "query"
    if body.get("access_token"):
        is_json = headers.get("content-type", "").lower().startswith("application/json")
        return str(body["access_token"]), "json" if is_json else "form"
    return None, None


def without_secrets(params: Params) -> dict[str, Any]:
    """Return parameters fit to be recorded."""
    return {name: value for name, value in params.items() if name not in SECRET_PARAMS}
