"""The record of what reached the sandbox: the proof that a request was, or was not, sent."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

KEPT_ARRIVALS = 500_000
"""Older arrivals are dropped, so that a long benchmark cannot fill the memory."""


@dataclass(slots=True)
class Arrival:
    """One request that reached the sandbox, recorded before anything was decided about it.

    `arrived_at` is in Unix seconds of the real clock, whatever the sandbox's own clock says: when head and body were
    there, or of an upload the head. `params` holds neither tokens nor other secrets. `committed` is the id of what the
    request created, changed or deleted (of a photo that became a post, the post's); `status` is the HTTP status of the
    answer, None when none was given (yet). `phase` is that of a chunked upload. `files` tells of each file its field,
    its name and the bytes that came; `headers` is filled in for uploads.
    """

    arrived_at: float
    method: str
    path: str
    edge: str
    page_id: str | None
    message: str | None
    params: dict[str, Any] = field(default_factory=dict)
    fault: str | None = None
    committed: str | None = None
    status: int | None = None
    user_agent: str | None = None
    token_transport: str | None = None
    has_proof: bool = False
    phase: str | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)


class ArrivalLog:
    """Arrivals in order, newest last."""

    def __init__(self) -> None:
        self._arrivals: deque[Arrival] = deque(maxlen=KEPT_ARRIVALS)

    def record(self, arrival: Arrival) -> None:
        """Remember an arrival; its outcome is filled in later, on the same object."""
        self._arrivals.append(arrival)

    def select(
        self, *, since: float, edge: str | None, method: str | None, page_id: str | None
    ) -> list[dict[str, Any]]:
        """Return the arrivals at or after `since` that fit every given filter."""
        return [
            asdict(arrival)
            for arrival in self._arrivals
            if arrival.arrived_at >= since
            and edge in (None, arrival.edge)
            and method in (None, arrival.method)
            and page_id in (None, arrival.page_id)
        ]

    def clear(self) -> None:
        """Forget everything."""
        self._arrivals.clear()
