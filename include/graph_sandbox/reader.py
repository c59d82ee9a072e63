"""Reads one request: head, parameters and files, recorded as an arrival before anything is decided about it."""

from __future__ import annotations

import time

from starlette.types import Receive, Scope

from graph_sandbox.arrivals import Arrival
from graph_sandbox.bodies import BODY_LIMIT, ClientLeft, read_limited, take_pieces, too_large
from graph_sandbox.errors import GraphFault
from graph_sandbox.file_part import FilePart
from graph_sandbox.multipart import MultipartIntake
from graph_sandbox.params import Params, parse_body, parse_query
from graph_sandbox.request import GraphRequest, Location, find_token, locate, without_secrets
from graph_sandbox.state import World

FILE_EDGES = frozenset({"photos"})
"""Edges that take multipart files; for all others the whole body is limited."""


class RequestReader:
    """Turns what uvicorn hands over into a `GraphRequest`."""

    def __init__(self, world: World, *, public_url: str | None = None) -> None:
        self._world = world
        self._public_url = public_url

    async def read(self, scope: Scope, receive: Receive) -> GraphRequest | None:
        """Return the request, or None when the client left before its end.

        A request that brings files is recorded as soon as its head is there, so that one that breaks off is on record.

        Raises:
            GraphFault: the request cannot be read.
        """
        request = self._open(scope)
        is_recorded = request.edge in FILE_EDGES and _media_type(request) == "multipart/form-data"
        if is_recorded:
            request.arrival.headers = request.harmless_headers()
            self._world.arrivals.record(request.arrival)
        try:
            await self._read(request, scope["query_string"], receive)
        except ClientLeft:
            return None
        except GraphFault as fault:
            request.arrival.status = fault.status
            self._record(request, is_recorded)
            raise
        self._record(request, is_recorded)
        return request

    def _record(self, request: GraphRequest, is_recorded: bool) -> None:
        if not is_recorded:
            request.arrival.arrived_at = time.time()
            self._world.arrivals.record(request.arrival)

    def _open(self, scope: Scope) -> GraphRequest:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        location = self._locate(scope["path"])
        arrival = Arrival(
            arrived_at=time.time(),
            method=scope["method"],
            path=scope["path"],
            edge=location.edge,
            page_id=self._find_page_id(location, None),
            message=None,
            user_agent=headers.get("user-agent", ""),
        )
        return GraphRequest(
            method=scope["method"],
            path=scope["path"],
            version=location.version,
            node=location.node,
            edge=location.edge,
            page_id=arrival.page_id,
            headers=headers,
            base_url=self._public_url or f"{scope['scheme']}://{headers.get('host', 'localhost')}",
            arrival=arrival,
        )

    def _locate(self, path: str) -> Location:
        location = locate(path)
        owner = self._world.library.owners.get(location.node)
        if owner is None or location.edge not in ("page", "post"):
            return location
        return Location(location.version, location.node, owner.edge)

    def _find_page_id(self, location: Location, token: str | None) -> str | None:
        """Return the Page a request is about: `me` is a Page token's own Page, a post's id begins with its Page."""
        if location.node == "me":
            known = self._world.tokens.get(token or "")
            return known.page_id if known else None
        if owner := self._world.library.owners.get(location.node):
            return owner.page_id
        page_id = location.node.partition("_")[0]
        return page_id if page_id.isdigit() else None

    async def _read(self, request: GraphRequest, query_string: bytes, receive: Receive) -> None:
        query = parse_query(query_string) if query_string else {}
        request.params = query
        if _media_type(request) == "multipart/form-data":
            self._absorb(request, query, await self._read_multipart(request, receive))
            return
        body = await read_limited(receive)
        self._absorb(request, query, parse_body(_media_type(request), body) if body else {})

    async def _read_multipart(self, request: GraphRequest, receive: Receive) -> Params:
        def open_file(fields: Params, name: str, filename: str) -> FilePart:
            part = self._open_file(request, {**request.params, **fields}, name, filename)
            request.files.append(part)
            request.arrival.files.append(part.record)
            return part

        form = MultipartIntake(request.headers["content-type"], open_file)
        size = 0
        async for piece in take_pieces(receive):
            size += len(piece)
            if size > BODY_LIMIT and request.edge not in FILE_EDGES:
                raise too_large()
            form.feed(piece)
        form.finish()
        if request.edge not in FILE_EDGES:
            return {**form.fields, **{part.name: part.record for part in request.files}}
        return form.fields

    def _open_file(self, request: GraphRequest, params: Params, name: str, filename: str) -> FilePart:
        # Only a lone file can be what an edge wants, so no more than one is ever held.
        return FilePart(name, filename, keep_bytes=0 if request.files else self._world.settings.photo_max_bytes)

    def _absorb(self, request: GraphRequest, query: Params, form: Params) -> None:
        """Fill in what only the whole request tells; what a form says goes before the query."""
        request.params = {**query, **form}
        request.token, request.token_transport = find_token(request.headers, query, form)
        arrival = request.arrival
        if request.node == "me":
            location = Location(request.version, request.node, request.edge)
            request.page_id = arrival.page_id = self._find_page_id(location, request.token)
        arrival.message = request.message if request.method == "POST" else None
        arrival.params = without_secrets(request.params)
        arrival.token_transport = request.token_transport
        arrival.has_proof = "appsecret_proof" in request.params


def _media_type(request: GraphRequest) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
