"""Byte offsets of an upload, which Facebook writes as numbers, as text, and in errors as JSON inside JSON."""

from __future__ import annotations

import json
from typing import Any


def parse_offset(value: Any) -> int | None:  # noqa: ANN401 - JSON of a shape we do not trust
    """A number of bytes; None for anything else. Facebook's samples have both `"52428800"` and `52428800`."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value < 2**63 else None  # The database keeps offsets as 64-bit integers.


def parse_offsets(data: Any) -> tuple[int, int] | None:  # noqa: ANN401 - JSON of a shape we do not trust
    """The next part Facebook wants, from its first byte up to the byte after its last; None when it names none."""
    if not isinstance(data, dict):
        return None
    start, end = parse_offset(data.get("start_offset")), parse_offset(data.get("end_offset"))
    return (start, end) if start is not None and end is not None and start <= end else None


def parse_error_offsets(error_data: Any) -> tuple[int, int] | None:  # noqa: ANN401 - JSON of a shape we do not trust
    """The same from `error_data`, an object or the JSON text of one (Meta's Python SDK reads both)."""
    if isinstance(error_data, str):
        try:
            error_data = json.loads(error_data)
        except (ValueError, RecursionError):
            return None
    return parse_offsets(error_data)
