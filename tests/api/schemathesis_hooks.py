"""Teaches schemathesis the one content type that it does not know: a piece of a file."""

from __future__ import annotations

import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
def serialize_piece(ctx, value):
    """As it is, whatever wrapper it comes in."""
    content = getattr(value, "data", value)
    return content if isinstance(content, bytes) else str(content).encode()
