"""Lists of the Graph API from their first page to their last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from socialpub.errors import GraphFailure
from socialpub.graph.client import GraphClient, GraphResponse
from socialpub.graph.interpret import Call, unclear_outcome
from socialpub.graph.page_post import parse_text
from socialpub.models.secret import Secret

_ROWS_A_PAGE = 100
_MOST_PAGES = 100


def read_whole_list(
    client: GraphClient, edge: str, token: Secret, *, params: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """All rows of an edge, all of them or a `GraphError`: half a list would hide what is on the other half."""
    rows: list[dict[str, Any]] = []
    after: str | None = None
    for _ in range(_MOST_PAGES):
        asked = {**(params or {}), "limit": _ROWS_A_PAGE, "after": after}
        response = client.get(edge, token=token, params=asked)
        rows += _rows(edge, response)
        after = cursor_after(edge, response)
        if after is None:
            return rows
    raise _unusable(edge, f"The list did not end within {_MOST_PAGES} pages.", response)


def cursor_after(edge: str, response: GraphResponse) -> str | None:
    """The cursor of the next page. Only `next` says that there is one, and it holds the token: the URL is not used."""
    paging: Any = response.body.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = parse_text(cursors.get("after")) if isinstance(cursors, dict) else None
    if after is None:
        raise _unusable(edge, "The list goes on, but its cursor is missing.", response)
    return after


def _rows(edge: str, response: GraphResponse) -> list[dict[str, Any]]:
    data = response.body.get("data")
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise _unusable(edge, "The answer is no list.", response)
    return data


def _unusable(edge: str, message: str, response: GraphResponse) -> Exception:
    failure = GraphFailure(edge, message, response.http_status, fbtrace_id=response.fbtrace_id)
    return unclear_outcome(Call("GET", edge), failure)
