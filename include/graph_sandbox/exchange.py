"""The answering side of one request: sends answers as Facebook does, and can cut the connection instead."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Scope, Send

from graph_sandbox.errors import GraphFault, new_trace_id
from graph_sandbox.request import OLDEST_VERSION

JSON_TYPE = "application/json; charset=UTF-8"
TRANSPORT = "graph_sandbox.transport"
LONGEST_HANG_SECONDS = 3_600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of the API: status, JSON value, and headers of its own."""

    status: int
    value: Any
    headers: tuple[tuple[str, str], ...] = ()

    @property
    def body(self) -> bytes:
        """The body as Facebook writes it: ASCII only, slashes escaped."""
        return json.dumps(self.value, separators=(",", ":")).replace("/", "\\/").encode()


def refusal(fault: GraphFault, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    """Return the answer that tells of a refusal, with a trace id of its own."""
    trace_id = new_trace_id()
    own = [("x-fb-trace-id", trace_id)]
    if challenge := fault.challenge():
        own.append(("www-authenticate", challenge))
    return Answer(fault.status, fault.envelope(trace_id), (*own, *headers))


class Exchange:
    """One request's connection. Exactly one of the `send_…`, `reset`, `close` methods ends it."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self._transport: asyncio.Transport | None = scope.get("extensions", {}).get(TRANSPORT)
        self.version = OLDEST_VERSION
        self.status: int | None = None

    async def send_answer(self, answer: Answer) -> None:
        """Send an answer of the API, with the headers Facebook adds to all of them."""
        headers = [("facebook-api-version", self.version), ("x-fb-rev", "1030000000"), *answer.headers]
        if not any(name == "x-fb-trace-id" for name, _ in answer.headers):
            headers.append(("x-fb-trace-id", new_trace_id()))
        await self.send_raw(answer.status, JSON_TYPE, answer.body, headers=headers)

    async def send_raw(
        self,
        status: int,
        content_type: str,
        body: bytes,
        *,
        headers: list[tuple[str, str]] | None = None,
        declared_length: int | None = None,
    ) -> None:
        """Send a body as it is; with a `declared_length` beyond it the answer stays unfinished."""
        self.status = status
        length = len(body) if declared_length is None else declared_length
        all_headers = [("content-type", content_type), ("content-length", str(length)), *(headers or [])]
        encoded = [(name.encode(), value.encode("latin-1", "replace")) for name, value in all_headers]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})
        await self._send({"type": "http.response.body", "body": body, "more_body": length > len(body)})

    async def reset(self) -> None:
        """Cut the connection with a TCP RST: the client sees "connection reset by peer"."""
        transport = self._require_transport()
        if transport.is_closing():  # The client was quicker.
            return
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None:
            # Lingering for zero seconds turns the close into a reset.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        await self.wait_until_client_leaves(timeout=5.0)

    async def close(self) -> None:
        """Close the connection politely but without an answer: the client sees "remote end closed"."""
        self._require_transport().close()
        await self.wait_until_client_leaves(timeout=5.0)

    async def wait_until_client_leaves(self, *, timeout: float = LONGEST_HANG_SECONDS) -> None:
        """Say nothing until the connection is gone, or for `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while (await self._receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return

    def _require_transport(self) -> asyncio.Transport:
        if self._transport is None:
            raise RuntimeError("The server must run with graph_sandbox.protocol, which hands over the connection")
        return self._transport
