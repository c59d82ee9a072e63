"""Request bodies as they come from the connection."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.types import Message, Receive

from graph_sandbox.errors import GraphFault

BODY_LIMIT = 1_000_000
"""Bytes of a request that uploads nothing, and of the fields of one that does."""


class ClientLeft(Exception):
    """The client closed the connection before the end of its body."""


async def take_pieces(receive: Receive) -> AsyncIterator[bytes]:
    """Yield a body piece by piece.

    Raises:
        ClientLeft: the connection ended before the body did.
    """
    while True:
        event: Message = await receive()
        if event["type"] == "http.disconnect":
            raise ClientLeft
        if piece := event.get("body", b""):
            yield piece
        if not event.get("more_body"):
            return


async def read_limited(receive: Receive) -> bytes:
    """Return a whole body that uploads nothing.

    Raises:
        GraphFault: it is larger than `BODY_LIMIT`; the rest of it is left unread.
        ClientLeft: the connection ended before the body did.
    """
    body = bytearray()
    async for piece in take_pieces(receive):
        body += piece
        if len(body) > BODY_LIMIT:
            raise too_large()
    return bytes(body)


def too_large() -> GraphFault:
    """Return the refusal of a body beyond `BODY_LIMIT`."""
    return GraphFault(100, f"(#100) The request body is larger than {BODY_LIMIT} bytes", status=413)
