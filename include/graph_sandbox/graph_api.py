"""The Graph API itself as an ASGI application: reads a request, records it, answers it or shows a scripted fault."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

from starlette.types import Receive, Scope, Send

from graph_sandbox import accounts, feed, grants, lists, oauth, posts, subscriptions
from graph_sandbox.arrivals import Arrival
from graph_sandbox.errors import GraphFault, invalid_parameter, missing_object, unknown_path
from graph_sandbox.exchange import Answer, Exchange, refusal
from graph_sandbox.fault_replies import Incident
from graph_sandbox.fault_rules import FaultRule
from graph_sandbox.faults import FAULTS
from graph_sandbox.request import (
    NEWEST_VERSION,
    OLDEST_VERSION,
    GraphRequest,
    collect_params,
    find_token,
    locate,
    read_body,
    without_secrets,
)
from graph_sandbox.state import World
from graph_sandbox.usage import scripted_usage

Handler = Callable[[World, GraphRequest], dict[str, Any]]

HANDLERS: dict[tuple[str, str], Handler] = {
    **feed.ROUTES,
    **lists.ROUTES,
    **posts.ROUTES,
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
        self._public_url = public_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = Exchange(scope, receive, send)
        try:
            request = await self._read(scope, receive)
        except GraphFault as fault:
            await exchange.send_answer(refusal(fault))
            return
        if request is None:
            return
        exchange.version = request.served_version
        try:
            await self._answer(exchange, request)
        except asyncio.CancelledError:
            # The server is ending. Whoever still waits is cut off; uvicorn would answer 500, which nobody scripted.
            await exchange.reset()
        request.arrival.status = exchange.status
        _log(request.arrival)

    async def _read(self, scope: Scope, receive: Receive) -> GraphRequest | None:
        headers = dict(scope["headers"])
        body = await read_body(receive)
        if body is None:
            return None
        try:
            query, form = await collect_params(scope, headers, body)
        except GraphFault as fault:
            unread = self._build(scope, headers, {}, {}).arrival
            unread.status = fault.status
            self._world.arrivals.record(unread)
            raise
        request = self._build(scope, headers, query, form)
        self._world.arrivals.record(request.arrival)
        return request

    def _build(
        self, scope: Scope, headers: dict[bytes, bytes], query: dict[str, Any], form: dict[str, Any]
    ) -> GraphRequest:
        location, params = locate(scope["path"]), {**query, **form}
        token, transport = find_token(headers, query, form)
        page_id = self._find_page_id(location.node, token)
        agent = headers.get(b"user-agent", b"").decode("latin-1")
        message = params.get("message")
        arrival = Arrival(
            arrived_at=time.time(),
            method=scope["method"],
            path=scope["path"],
            edge=location.edge,
            page_id=page_id,
            message=message if isinstance(message, str) and scope["method"] == "POST" else None,
            params=without_secrets(params),
            user_agent=agent,
            token_transport=transport,
            has_proof="appsecret_proof" in params,
        )
        return GraphRequest(
            method=scope["method"],
            path=scope["path"],
            version=location.version,
            node=location.node,
            edge=location.edge,
            page_id=page_id,
            params=params,
            token=token,
            token_transport=transport,
            user_agent=agent,
            base_url=self._public_url or f"{scope['scheme']}://{headers.get(b'host', b'localhost').decode('latin-1')}",
            arrival=arrival,
        )

    def _find_page_id(self, node: str, token: str | None) -> str | None:
        """Return the Page a request is about: `me` is a Page token's own Page, and a post's id begins with its Page."""
        if node == "me":
            known = self._world.tokens.get(token or "")
            return known.page_id if known else None
        page_id = node.partition("_")[0]
        return page_id if page_id.isdigit() else None

    async def _answer(self, exchange: Exchange, request: GraphRequest) -> None:
        rule = self._world.faults.take(request)
        if rule is not None:
            await self._strike(exchange, request, rule)
            return
        answer = self._carry_out(request)
        # The wait comes after the work: a client that gives up meanwhile leaves a post behind, as with Facebook.
        if self._world.settings.latency_seconds:
            await asyncio.sleep(self._world.settings.latency_seconds)
        await exchange.send_answer(answer)

    async def _strike(self, exchange: Exchange, request: GraphRequest, rule: FaultRule) -> None:
        mode = FAULTS[rule.mode]
        request.arrival.fault = mode.name
        answer = self._carry_out(request) if mode.commits else _NOT_CARRIED_OUT
        if self._world.settings.latency_seconds:
            await asyncio.sleep(self._world.settings.latency_seconds)
        if answer.status != 200:
            await exchange.send_answer(answer)  # Refused for a reason of its own: there is nothing to hide.
            return
        await mode.reply.send_to(exchange, Incident(rule, request, answer))

    def _carry_out(self, request: GraphRequest) -> Answer:
        usage = scripted_usage(self._world, request)
        try:
            return Answer(200, find_handler(request)(self._world, request), usage)
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
