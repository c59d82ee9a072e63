"""The Graph API itself as an ASGI application: reads a request, records it, answers it or shows a scripted fault."""

from __future__ import annotations

import asyncio
import logging
from inspect import isawaitable

from starlette.types import Receive, Scope, Send

from graph_sandbox import (
    accounts,
    comments,
    feed,
    grants,
    lists,
    oauth,
    photo_node,
    photos,
    posts,
    resumable,
    subscriptions,
    video_node,
    videos,
)
from graph_sandbox.arrivals import Arrival
from graph_sandbox.edge_faults import ALL_FAULTS
from graph_sandbox.errors import GraphFault, invalid_parameter, missing_object, unknown_path
from graph_sandbox.exchange import Answer, Exchange, refusal
from graph_sandbox.fault_replies import Incident
from graph_sandbox.fault_rules import FaultRule
from graph_sandbox.file_part import UploadBroken
from graph_sandbox.handlers import Handler, Routes
from graph_sandbox.reader import RequestReader
from graph_sandbox.request import NEWEST_VERSION, OLDEST_VERSION, GraphRequest
from graph_sandbox.state import World
from graph_sandbox.usage import scripted_usage

HANDLERS: Routes = {
    **feed.ROUTES,
    **lists.ROUTES,
    **posts.ROUTES,
    **photos.ROUTES,
    **photo_node.ROUTES,
    **videos.ROUTES,
    **video_node.ROUTES,
    **comments.ROUTES,
    **resumable.ROUTES,
    **accounts.ROUTES,
    **oauth.ROUTES,
    **grants.ROUTES,
    **subscriptions.ROUTES,
}
_EDGES = {edge for _, edge in HANDLERS}
_NOT_CARRIED_OUT = Answer(200, {"id": "0"})
_LOG = logging.getLogger("graph_sandbox")


class GraphApi:
    """Answers every path that is neither the control API nor a Page as people see it."""

    def __init__(self, world: World, *, public_url: str | None = None) -> None:
        self._world = world
        self._reader = RequestReader(world, public_url=public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange, request = Exchange(scope, receive, send), self._reader.open(scope)
        exchange.version = request.served_version
        try:
            is_there = await self._handle(exchange, request, scope["query_string"], receive)
        except asyncio.CancelledError:
            # The server is ending. Whoever still waits is cut off; uvicorn would answer 500, which nobody scripted.
            await exchange.reset()
            is_there = True
        if is_there:
            request.arrival.status = exchange.status
            _log(request.arrival)

    async def _handle(self, exchange: Exchange, request: GraphRequest, query_string: bytes, receive: Receive) -> bool:
        """Read and answer a request; False when the client left before its end."""
        try:
            if not await self._reader.read(request, query_string, receive):
                return False
            await self._answer(exchange, request)
        except UploadBroken:
            await self._break_off(exchange, request)
        except GraphFault as fault:
            await exchange.send_answer(refusal(fault))
        return True

    async def _answer(self, exchange: Exchange, request: GraphRequest) -> None:
        rule = self._world.faults.take(request)
        if rule is not None:
            await self._strike(exchange, request, rule)
            return
        answer = await self._carry_out(request)
        # The wait comes after the work: a client that gives up meanwhile leaves a post behind, as with Facebook.
        if self._world.settings.latency_seconds:
            await asyncio.sleep(self._world.settings.latency_seconds)
        await exchange.send_answer(answer)

    async def _strike(self, exchange: Exchange, request: GraphRequest, rule: FaultRule) -> None:
        mode, request.fault = ALL_FAULTS[rule.mode], rule
        request.arrival.fault = mode.name
        answer = await self._carry_out(request) if mode.commits else _NOT_CARRIED_OUT
        if self._world.settings.latency_seconds:
            await asyncio.sleep(self._world.settings.latency_seconds)
        if answer.status != 200:
            await exchange.send_answer(answer)  # Refused for a reason of its own: there is nothing to hide.
            return
        await mode.reply.send_to(exchange, Incident(self._world, rule, request, answer))

    async def _break_off(self, exchange: Exchange, request: GraphRequest) -> None:
        if request.fault is not None:
            mode = ALL_FAULTS[request.fault.mode]
            request.arrival.fault = mode.name
            await mode.reply.send_to(exchange, Incident(self._world, request.fault, request, _NOT_CARRIED_OUT))

    async def _carry_out(self, request: GraphRequest) -> Answer:
        usage = scripted_usage(self._world, request)
        try:
            value = find_handler(request)(self._world, request)
            return Answer(200, await value if isawaitable(value) else value, usage)
        except GraphFault as fault:
            return refusal(fault, usage)


def find_handler(request: GraphRequest) -> Handler:
    """Return what answers this method on this edge.

    Raises:
        GraphFault: an expired or unheard-of version, an unknown edge, or a method the edge does not have.
    """
    _check_version(request)
    if handler := HANDLERS.get((request.method, request.edge)):
        return handler
    if request.edge not in _EDGES:
        raise unknown_path(f"/{request.edge}")
    if request.method not in ("GET", "POST", "DELETE"):
        raise invalid_parameter("Unsupported method")
    raise missing_object(request.method, request.node or request.edge)


def _check_version(request: GraphRequest) -> None:
    number = _version_number(request.served_version)
    if number < _version_number(OLDEST_VERSION):
        raise GraphFault(2635, f"(#2635) You are calling a deprecated version of the API ({request.version}).")
    if number > _version_number(NEWEST_VERSION):
        raise unknown_path(f"/{request.version}")


def _version_number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version[1:].split("."))


def _log(arrival: Arrival) -> None:
    """Log a request without its query string, which may hold the token, and without the text of the post."""
    if _LOG.isEnabledFor(logging.INFO):
        ending = f" fault={arrival.fault}" if arrival.fault else ""
        made = f" post={arrival.committed}" if arrival.committed else ""
        _LOG.info("%s %s -> %s%s%s", arrival.method, arrival.path, arrival.status, made, ending)
