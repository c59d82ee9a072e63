"""What a success has to hold: the id that was made, or the word that it was done."""

from __future__ import annotations

import re
from typing import Any

from socialpub.errors import GraphError, GraphFailure
from socialpub.graph.client import GraphResponse
from socialpub.graph.interpret import Call, unclear_outcome
from socialpub.graph.page_post import parse_text

# Nodes have numbers; a post has its Page's before its own, a comment its post's.
_ID = re.compile(r"[0-9]+(_[0-9]+)*")


def unusable_answer(call: Call, message: str, response: GraphResponse) -> GraphError:
    """The error for a success that does not hold what was asked for: as unclear as no answer at all."""
    failure = GraphFailure(call.edge, message, response.http_status, fbtrace_id=response.fbtrace_id)
    return unclear_outcome(call, failure)


def require_id(call: Call, response: GraphResponse, name: str = "id") -> str:
    """The id of a node; raises what `unusable_answer` gives when there is none."""
    node_id = parse_id(response.body.get(name))
    if node_id is None:
        raise unusable_answer(call, f"The answer holds no {name}.", response)
    return node_id


def require_success(call: Call, response: GraphResponse) -> None:
    """Facebook says that it was done; raises what `unusable_answer` gives when it does not."""
    if response.body.get("success") not in (True, "true"):
        raise unusable_answer(call, "The answer does not say that it was done.", response)


def parse_id(value: Any) -> str | None:  # noqa: ANN401 - JSON of a shape we do not trust
    node_id = parse_text(value)
    return node_id if node_id and _ID.fullmatch(node_id) else None
