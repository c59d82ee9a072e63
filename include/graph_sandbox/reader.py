"""Reads one request: head, parameters and files, recorded as an arrival before anything is decided about it."""

from __future__ import annotations

import time

from starlette.types import Receive, Scope

from graph_sandbox.arrivals import Arrival
from graph_sandbox.bodies import BODY_LIMIT, ClientLeft, read_limited, take_pieces, too_large
from graph_sandbox.errors import GraphFault
from graph_sandbox.file_part import FilePart, UploadBroken
from graph_sandbox.multipart import MultipartIntake
from graph_sandbox.params import Params, parse_body, parse_query
from graph_sandbox.request import GraphRequest, Location, find_token, locate, without_secrets
from graph_sandbox.resumable import keep_partial_body, open_body
from graph_sandbox.state import World
from graph_sandbox.video_phases import open_chunk

FILE_EDGES = frozenset({"photos", "videos"})
"""Edges that take multipart files; for all others the whole body is limited."""


class RequestReader:
    """Turns what uvicorn hands over into a `GraphRequest`."""

    def __init__(self, world: World, *, public_url: str | None = None) -> None:
        self._world = world
        self._public_url = public_url

    def open(self, scope: Scope) -> GraphRequest:
        """Return what the head of a request tells."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        location = self._locate(scope["path"])
        arrival = Arrival(
            arrived_at=time.time(),
            method=scope["method"],
            path=scope["path"].partition("?")[0],  # A percent-encoded upload id brings its signature along.
            edge=location.edge,
            page_id=None if location.edge == "uploads" else self._find_page_id(location.node, None),
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

    async def read(self, request: GraphRequest, query_string: bytes, receive: Receive) -> bool:
        """Fill in the rest of a request; False when the client left before its end.

        A request that brings files is recorded before they come, so that one that breaks off is on record.

        Raises:
            GraphFault: the request cannot be read.
            UploadBroken: a scripted fault, now the request's own, ends it.
        """
        if _brings_files(request):
            request.arrival.headers = request.harmless_headers()
            self._world.arrivals.record(request.arrival)
        try:
            await self._read_all(request, query_string, receive)
        except ClientLeft:
            return False
        except GraphFault:
            self._record_whole(request)
            raise
        self._record_whole(request)
        return True

    def _record_whole(self, request: GraphRequest) -> None:
        if not _brings_files(request):
            request.arrival.arrived_at = time.time()
            self._world.arrivals.record(request.arrival)

    def _locate(self, path: str) -> Location:
        location = locate(path)
        owner = self._world.library.owners.get(location.node)
        if owner is None or location.edge not in ("page", "post"):
            return location
        return Location(location.version, location.node, owner.edge)

    def _find_page_id(self, node: str, token: str | None) -> str | None:
        """Return the Page a request is about: `me` is a Page token's own Page, a post's id begins with its Page."""
        if node == "me":
            known = self._world.tokens.get(token or "")
            return known.page_id if known else None
        if owner := self._world.library.owners.get(node):
            return owner.page_id
        page_id = node.partition("_")[0]
        return page_id if page_id.isdigit() else None

    async def _read_all(self, request: GraphRequest, query_string: bytes, receive: Receive) -> None:
        """Fill in what only the whole request tells; what a form says goes before the query."""
        query = parse_query(query_string) if query_string else {}
        request.params = query
        form = await self._read_body(request, receive)
        self._complete(request, query, form)

    def _complete(self, request: GraphRequest, query: Params, form: Params) -> None:
        request.params = {**query, **form}
        request.token, request.token_transport = find_token(request.headers, query, form)
        if request.node == "me":
            request.page_id = request.arrival.page_id = self._find_page_id("me", request.token)
        request.arrival.token_transport = request.token_transport
        _show_params(request)

    async def _read_body(self, request: GraphRequest, receive: Receive) -> Params:
        if _is_raw_upload(request):
            return await self._read_raw(request, receive)
        if _media_type(request) == "multipart/form-data":
            return await self._read_multipart(request, receive)
        body = await read_limited(receive)
        return parse_body(_media_type(request), body) if body else {}

    async def _read_multipart(self, request: GraphRequest, receive: Receive) -> Params:
        query = request.params

        def open_file(fields: Params, name: str, filename: str) -> FilePart:
            request.params = {**query, **fields}
            part = self._make_part(request, name, filename)
            self._begin_file(request, part)
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

    async def _read_raw(self, request: GraphRequest, receive: Receive) -> Params:
        """Take the body itself as the file; what came of one that breaks off stays (D-UPLOAD)."""
        self._complete(request, request.params, {})
        part = open_body(self._world, request)
        self._begin_file(request, part)
        try:
            async for piece in take_pieces(receive):
                part.write(memoryview(piece))
        except (ClientLeft, UploadBroken):
            keep_partial_body(self._world, request)
            raise
        return {}

    def _begin_file(self, request: GraphRequest, part: FilePart) -> None:
        request.files.append(part)
        request.arrival.files.append(part.record)
        _show_params(request)
        if rule := self._world.faults.take(request, breaks_uploads=True):
            request.fault, part.break_after = rule, rule.after_bytes

    def _make_part(self, request: GraphRequest, name: str, filename: str) -> FilePart:
        settings = self._world.settings
        if name == "video_file_chunk":
            return open_chunk(self._world, request.params, name, filename)
        if request.edge == "videos" and name == "source":
            return FilePart(name, filename, keep_bytes=settings.kept_video_bytes)
        # No edge wants more than one image, so no more than one is ever held.
        is_thumb = name == "thumb" and all(part.name != name for part in request.files)
        is_wanted = not request.files if request.edge == "photos" else is_thumb
        return FilePart(name, filename, keep_bytes=settings.photo_max_bytes if is_wanted else 0)


def _brings_files(request: GraphRequest) -> bool:
    is_form = request.edge in FILE_EDGES and _media_type(request) == "multipart/form-data"
    return is_form or _is_raw_upload(request)


def _is_raw_upload(request: GraphRequest) -> bool:
    return (request.method, request.edge) == ("POST", "upload")


def _media_type(request: GraphRequest) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _show_params(request: GraphRequest) -> None:
    """Put the parameters known by now on record."""
    arrival = request.arrival
    arrival.message = request.message if request.method == "POST" else None
    arrival.params, arrival.phase = without_secrets(request.params), request.phase
    arrival.has_proof = "appsecret_proof" in request.params
