"""Lists of the Graph API, read to their end: half a list can't prove anything absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from socialpub.graph.answers import unusable_answer
from socialpub.graph.client import GraphClient, GraphResponse
from socialpub.graph.interpret import Call
from socialpub.graph.page_post import parse_text
from socialpub.graph.prepare import NOTHING
from socialpub.models.secret import Secret

T = TypeVar("T")

MAX_PAGES = 20
_NODES_A_PAGE = 25  # Attachments make bigger pages slow, and Facebook answers those with code 1.


def list_nodes(
    client: GraphClient,
    edge: str,
    token: Secret,
    *,
    fields: str,
    parse: Callable[[Any], T | None],
    is_enough: Callable[[Sequence[T]], bool] = lambda _: False,
    params: Mapping[str, str] = NOTHING,
    max_pages: int = MAX_PAGES,
) -> list[T]:
    """Every node of an edge in Facebook's order, all of them or an error.

    `parse` gives None for what is no such node. `is_enough` says of a page whether the ones after it no longer matter.
    A list that does not end within `max_pages` pages of 25 is a `TryAgainError`.
    """
    found: list[T] = []
    after = None
    for _ in range(max_pages):
        query = {**params, "fields": fields, "limit": _NODES_A_PAGE, "after": after}
        response = client.get(edge, token=token, params=query)
        nodes = _parse_list(edge, response, parse)
        found += nodes
        after = _cursor_after(edge, response)
        if after is None or is_enough(nodes):
            return found
    raise unusable_answer(Call("GET", edge), f"The list did not end within {max_pages} pages.", response)


def parse_row(node: Any) -> dict[str, Any] | None:  # noqa: ANN401 - JSON of a shape we do not trust
    """For `list_nodes`: the row as it is."""
    return node if isinstance(node, dict) else None


class _Dated(Protocol):
    @property
    def created_time(self) -> datetime | None: ...


def are_all_older(nodes: Sequence[_Dated], since: datetime) -> bool:
    """Whether a page lies wholly before `since`. An empty page says nothing: the next may hold nodes."""
    return bool(nodes) and all(node.created_time is not None and node.created_time < since for node in nodes)


def _parse_list(edge: str, response: GraphResponse, parse: Callable[[Any], T | None]) -> list[T]:
    data = response.body.get("data")
    nodes = [parse(node) for node in data] if isinstance(data, list) else [None]
    known = [node for node in nodes if node is not None]
    if len(known) < len(nodes):
        raise unusable_answer(Call("GET", edge), "The answer is not the list that was asked for.", response)
    return known


def _cursor_after(edge: str, response: GraphResponse) -> str | None:
    """The cursor of the next page. Only `next` says that there is one, and it holds the token: the URL is not used."""
    paging: Any = response.body.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = parse_text(cursors.get("after")) if isinstance(cursors, dict) else None
    if after is None:
        raise unusable_answer(Call("GET", edge), "The list goes on, but its cursor is missing.", response)
    return after
