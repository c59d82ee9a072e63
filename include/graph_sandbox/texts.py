"""Texts of posts, captions and comments, as Facebook stores them."""

from __future__ import annotations

from graph_sandbox.errors import invalid_parameter
from graph_sandbox.params import read_text
from graph_sandbox.request import GraphRequest

MESSAGE_LIMIT = 63_206
"""Characters, counted as JavaScript counts them (UTF-16 units): the stricter of the two counts."""


def read_message(request: GraphRequest, name: str = "message") -> str | None:
    """Return a text as Facebook stores it: line ends unified, blanks at both ends gone.

    Raises:
        GraphFault: code 100 for a text that is empty or too long.
    """
    message = read_text(request.params, name)
    if message is None:
        return None
    stored = message.replace("\r\n", "\n").replace("\r", "\n").strip()
    if not stored:
        raise invalid_parameter("The post is empty. Please enter a message to share.")
    if len(stored.encode("utf-16-le", "surrogatepass")) // 2 > MESSAGE_LIMIT:
        raise invalid_parameter(f"Param {name} must be no longer than {MESSAGE_LIMIT} characters")
    return stored
