"""The `fields` parameter: parsed with its nesting, and applied to what a node has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from graph_sandbox.errors import GraphFault, invalid_parameter

Fields = dict[str, "Fields | None"]
"""Field names with the fields asked of them: `a,b{c}` is `{"a": None, "b": {"c": None}}`."""

_TOKEN = re.compile(r"\s*([a-z_]+|[{},]|\.[a-z_]+\([^)]*\))\s*", re.IGNORECASE)


def parse_fields(text: str) -> Fields:
    """Parse a `fields` value; modifiers such as `.limit(1)` are read over.

    Raises:
        GraphFault: code 2500 for text that is not a list of fields.
    """
    stack: list[Fields] = [{}]
    last: str | None = None
    for token in _split(text):
        if token == "{" and last is not None:
            inner: Fields = {}
            stack[-1][last] = inner
            stack.append(inner)
        elif token == "}" and len(stack) > 1:
            stack.pop()
        elif token.isidentifier():
            stack[-1].setdefault(token, None)
        elif token in "{}":
            raise _syntax_error(text)
        last = token if token.isidentifier() else None
    if len(stack) != 1:
        raise _syntax_error(text)
    return stack[0]


def _split(text: str) -> list[str]:
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _syntax_error(text)
        if not match.group(1).startswith("."):
            tokens.append(match.group(1))
        position = match.end()
    return tokens


def _syntax_error(text: str) -> GraphFault:
    return GraphFault(2500, f"Syntax error in the fields parameter near position {len(text)}")


def pick(node: Mapping[str, Any], fields: Fields | None) -> dict[str, Any]:
    """Return the asked fields of a node and its id; a field the node knows but has no value for is left out.

    Raises:
        GraphFault: code 100 for a field the node does not know.
    """
    asked = fields if fields is not None else dict.fromkeys(node)
    for name in asked:
        if name not in node:
            raise invalid_parameter(f"Tried accessing nonexisting field ({name})")
    picked = {name: _narrow(node[name], inner) for name, inner in asked.items() if node[name] is not None}
    if node.get("id") is not None:
        picked["id"] = node["id"]
    return picked


def _narrow(value: Any, fields: Fields | None) -> Any:  # noqa: ANN401 - a field of a node may be any JSON value
    if fields is None:
        return _without_gaps(value)
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        return {"data": [pick(item, fields) for item in value["data"]]}
    if isinstance(value, list):
        return [pick(item, fields) for item in value]
    if isinstance(value, dict):
        return pick(value, fields)
    raise GraphFault(2500, "Syntax error: a field without fields of its own was asked for some")


def _without_gaps(value: Any) -> Any:  # noqa: ANN401 - a field of a node may be any JSON value
    if isinstance(value, dict):
        return {name: _without_gaps(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_gaps(item) for item in value]
    return value
