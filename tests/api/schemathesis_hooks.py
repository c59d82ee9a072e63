"""Teaches schemathesis the content type of a piece of a file, which it does not know, and what no app is asked."""

from __future__ import annotations

from urllib.parse import unquote

import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
def serialize_piece(ctx, value):
    """As it is, whatever wrapper it comes in."""
    content = getattr(value, "data", value)
    return content if isinstance(content, bytes) else str(content).encode()


@schemathesis.hook
def filter_path_parameters(context, path_parameters):
    """No line breaks: Starlette, which mounts the app in Airflow too, finds no route for them and asks no app."""
    return not any("\n" in unquote(str(value)) for value in (path_parameters or {}).values())
