"""Values as Facebook reads them in queries and forms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from socialpub.models.secret import Secret


def encode_params(params: Mapping[str, Any]) -> dict[str, str]:
    """Each value as text; None and "" are left out, because Facebook reads an empty value as "clear this field".

    Booleans become `true`/`false`, aware instants Unix seconds, lists and objects JSON (Graph API reference, Page
    feed). The result holds secrets in the clear: it goes on the wire and nowhere else.
    """
    encoded = {name: _encode(value) for name, value in params.items() if value is not None}
    return {name: text for name, text in encoded.items() if text}


def _encode(value: Any) -> str:  # noqa: ANN401 - any value a Graph parameter may have
    match value:
        case Secret():
            return value.reveal()
        case bool():
            return "true" if value else "false"
        case datetime():
            return str(_unix_seconds(value))
        case Mapping() | list() | tuple():
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_encode_nested)
    return str(value)


def _encode_nested(value: Any) -> int:  # noqa: ANN401 - whatever json can't encode by itself
    if isinstance(value, datetime):
        return _unix_seconds(value)
    raise TypeError(f"{type(value).__name__} can't be part of a Graph parameter")


def _unix_seconds(instant: datetime) -> int:
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone can't be sent to Facebook")
    return int(instant.timestamp())
