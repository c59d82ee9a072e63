"""Request parameters: taken out of query, forms and JSON, then read as the type the Graph API asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from graph_sandbox.errors import invalid_parameter

Params = dict[str, Any]

COMMON_PARAMS = frozenset({"access_token", "appsecret_proof", "fields", "locale", "pretty", "debug"})
"""Accepted everywhere (the generic modifiers of the Graph API)."""

SECRET_PARAMS = frozenset(
    {"access_token", "appsecret_proof", "client_secret", "input_token", "fb_exchange_token", "code", "sig"}
)
"""Never recorded, never logged, never repeated in an error."""

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_INDEXED_NAME = re.compile(r"(\w+)\[(\d*)\]")


def parse_query(query: bytes) -> Params:
    """Return urlencoded pairs as parameters; of a repeated name the last counts, as in PHP.

    Raises:
        GraphFault: the bytes are not UTF-8, or carry more than 1,000 pairs.
    """
    try:
        return dict(parse_qsl(query.decode(), keep_blank_values=True, errors="strict", max_num_fields=1000))
    except ValueError as error:
        raise invalid_parameter("Invalid parameter encoding") from error


def parse_body(media_type: str, body: bytes) -> Params:
    """Return the parameters in a form or a JSON object; a body of another type is ignored, as Facebook ignores it."""
    if media_type == "application/x-www-form-urlencoded":
        return parse_query(body)
    if media_type == "application/json":
        return _parse_json(body)
    return {}


def _parse_json(body: bytes) -> Params:
    try:
        params = json.loads(body)
        if b"\\ud" in body.lower():
            json.dumps(params, ensure_ascii=False).encode()  # JSON can spell half a character, which no text can hold.
    except ValueError as error:
        raise invalid_parameter("The request body is not valid JSON") from error
    if not isinstance(params, dict):
        raise invalid_parameter("The request body must be a JSON object")
    return params


def refuse_unknown(params: Iterable[str], known: frozenset[str]) -> None:
    """Refuse parameters the edge does not have.

    Stricter than Facebook, which ignores many: a misspelt `publised=false` would publish at once.
    """
    for name in params:
        indexed = _INDEXED_NAME.fullmatch(name)
        plain = indexed.group(1) if indexed else name
        if plain not in known and plain not in COMMON_PARAMS:
            raise invalid_parameter(f"Param {plain} is not a known parameter of this edge")


def read_text(params: Params, name: str) -> str | None:
    """Return a string parameter, None when it is absent."""
    value = params.get(name)
    if value is None or isinstance(value, str):
        return value
    raise invalid_parameter(f"Param {name} must be a string.")


def read_bool(params: Params, name: str, *, default: bool) -> bool:
    """Return a boolean: true, false, 1 or 0. Python's "True" is refused."""
    value = params.get(name, default)
    if isinstance(value, bool):
        return value
    if str(value) in _BOOLEANS:
        return _BOOLEANS[str(value)]
    raise invalid_parameter(f"Param {name} must be a boolean.")


def read_int(params: Params, name: str, *, default: int) -> int:
    """Return a whole number."""
    value = params.get(name, default)
    try:
        return int(str(value))
    except ValueError as error:
        raise invalid_parameter(f"Param {name} must be an integer.") from error


def read_time(params: Params, name: str) -> int | None:
    """Return an instant as Unix seconds: given as such or as ISO 8601 with an offset.

    Facebook also takes what PHP's strtotime() takes, and guesses a zone; the sandbox does not guess.
    """
    value = params.get(name)
    if value is None:
        return None
    text = str(value)
    if re.fullmatch(r"\d{1,15}", text):
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid_parameter(f"Param {name} must be a valid timestamp.") from error
    if moment.tzinfo is None:
        raise invalid_parameter(f"Param {name} must carry a UTC offset.")
    return int(moment.timestamp())


def read_objects(params: Params, name: str) -> list[dict[str, Any]]:
    """Return a list of objects: JSON, a JSON string, or one form field per item (`name[0]={…}`, in number order)."""
    listed = _decode(params[name]) if name in params else []
    if not isinstance(listed, list):
        raise invalid_parameter(f"Param {name} must be an array.")
    named = [_INDEXED_NAME.fullmatch(key) for key in params if key.startswith(f"{name}[")]
    indexed = sorted((int(match[2] or 0), match[0]) for match in named if match)
    items = listed + [_decode(params[key]) for _, key in indexed]
    if not all(isinstance(item, dict) for item in items):
        raise invalid_parameter(f"Param {name} must be an array of objects.")
    return items


def _decode(value: Any) -> Any:  # noqa: ANN401 - JSON is any value until it has been checked
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError as error:
        raise invalid_parameter("A nested value must be encoded as JSON") from error
