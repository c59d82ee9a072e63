"""Texts of posts, captions and comments, as Facebook stores them."""

from __future__ import annotations

from graph_sandbox.errors import invalid_parameter
from graph_sandbox.params import read_text
from graph_sandbox.request import GraphRequest

MESSAGE_LIMIT = 63_206
"""Characters, counted as JavaScript counts them (UTF-16 units): the stricter of the two counts."""

TITLE_LIMIT = 255


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


def read_title(request: GraphRequest, name: str = "title") -> str | None:
    """Return the title of a video: fewer than 255 characters.

    Raises:
        GraphFault: code 100 for one that is empty or too long.
    """
    title = read_text(request.params, name)
    if title is not None and not 0 < len(title) < TITLE_LIMIT:
        raise invalid_parameter(f"Param {name} must be between 1 and {TITLE_LIMIT - 1} characters long")
    return title
