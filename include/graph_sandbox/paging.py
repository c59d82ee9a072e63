"""Cursor paging of lists (Graph API reference, Reading back).

`after` is present even on the last page; only `next` means that there is more, and `next` carries the access token.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode

from graph_sandbox.errors import GraphFault, invalid_parameter
from graph_sandbox.params import read_int, read_text
from graph_sandbox.request import GraphRequest

Row = TypeVar("Row")
Key = tuple[float, ...]

PAGING_PARAMS = frozenset({"limit", "after", "before"})
DEFAULT_LIMIT = 25
MAX_LIMIT = 100


def render_list(
    request: GraphRequest, rows: Sequence[Row], *, key: Callable[[Row], Key], render: Callable[[Row], dict[str, Any]]
) -> dict[str, Any]:
    """Return one page of rows, which are sorted by `key`, in the list envelope.

    Raises:
        GraphFault: code 100 for a limit outside 1…100 or a cursor nobody gave out.
    """
    limit = read_int(request.params, "limit", default=DEFAULT_LIMIT)
    if not 1 <= limit <= MAX_LIMIT:
        raise invalid_parameter(f"Param limit must be between 1 and {MAX_LIMIT}")
    chosen, has_earlier, has_later = _choose(request, rows, key, limit)
    return {
        "data": [render(row) for row in chosen],
        **_paging(request, [key(row) for row in chosen], has_earlier, has_later),
    }


def _choose(
    request: GraphRequest, rows: Sequence[Row], key: Callable[[Row], Key], limit: int
) -> tuple[Sequence[Row], bool, bool]:
    before, after = read_text(request.params, "before"), read_text(request.params, "after")
    if before:
        edge = decode_cursor(before)
        earlier = [row for row in rows if key(row) < edge]
        return earlier[-limit:], len(earlier) > limit, len(earlier) < len(rows)
    if after:
        edge = decode_cursor(after)
        later = [row for row in rows if key(row) > edge]
        return later[:limit], len(later) < len(rows), len(later) > limit
    return rows[:limit], False, len(rows) > limit


def _paging(request: GraphRequest, keys: list[Key], has_earlier: bool, has_later: bool) -> dict[str, Any]:
    if not keys:
        return {}
    first, last = encode_cursor(keys[0]), encode_cursor(keys[-1])
    paging: dict[str, Any] = {"cursors": {"before": first, "after": last}}
    if has_earlier:
        paging["previous"] = page_address(request, before=first)
    if has_later:
        paging["next"] = page_address(request, after=last)
    return {"paging": paging}


def page_address(request: GraphRequest, **cursor: str) -> str:
    """Return the address of a neighbouring page: the same request with a cursor and the token, but without proof."""
    dropped = {"before", "after", "appsecret_proof", "access_token"}
    kept = {name: value for name, value in request.params.items() if name not in dropped}
    query = urlencode({"access_token": request.token or "", **kept, **cursor})
    return f"{request.base_url}/{request.served_version}/{request.node}/{request.edge}?{query}"


def empty_page_with_next(request: GraphRequest) -> dict[str, Any]:
    """Return an empty page whose `next` leads to what this page should have held (a field report)."""
    cursor = read_text(request.params, "after") or encode_cursor((float("-inf"),))
    address = page_address(request, after=cursor)
    return {"data": [], "paging": {"cursors": {"before": cursor, "after": cursor}, "next": address}}


def encode_cursor(key: Key) -> str:
    """Return a cursor that points behind the row with this key; it stays good when that row is deleted."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def decode_cursor(cursor: str) -> Key:
    """Return the key a cursor stands for."""
    try:
        return tuple(float(part) for part in json.loads(base64.urlsafe_b64decode(cursor.encode())))
    except (ValueError, TypeError) as error:
        raise GraphFault(100, "(#100) Invalid cursors values. The cursor may have expired.") from error
