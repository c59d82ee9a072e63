"""How long Facebook takes, by edge and outcome, measured in this process until somebody writes it down."""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass

from socialpub.errors import GraphError, NotSentError, OutcomeUnknownError, RateLimitedError, TryAgainError

BOUNDS = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, float("inf"))
"""Upper bounds of the buckets, in seconds. Facebook answers a write in 0.2 to 1 s as a rule."""

EDGES = (
    "feed", "photos", "videos", "published_posts", "scheduled_posts", "comments", "subscribed_apps", "permissions",
    "accounts", "uploads", "debug_token", "oauth/access_token", "upload_session", "node", "other",
)  # fmt: skip
OUTCOMES = ("success", "refused", "rate_limited", "try_again", "unknown", "not_sent")

_NODE = re.compile(r"(me|[0-9]+(_[0-9]+)*)")


@dataclass(frozen=True, slots=True)
class Measured:
    """Requests of one edge and outcome: how many by bucket (an index of `BOUNDS`), and their seconds together."""

    edge: str
    outcome: str
    buckets: dict[int, int]
    seconds: float


class Latencies:
    """Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str], Counter[int]] = {}
        self._seconds: Counter[tuple[str, str]] = Counter()

    def observe(self, path: str, error: GraphError | None, seconds: float) -> None:
        """One request to `path`, which has no version and no query."""
        key, bucket = (name_edge(path), name_outcome(error)), bisect_left(BOUNDS, seconds)
        with self._lock:
            self._buckets.setdefault(key, Counter())[bucket] += 1
            self._seconds[key] += seconds  # type: ignore[assignment] # a sum, of seconds

    def take(self) -> list[Measured]:
        """What was measured since the last call; it is the caller's now."""
        with self._lock:
            buckets, seconds = self._buckets, self._seconds
            self._buckets, self._seconds = {}, Counter()
        return [Measured(*key, dict(counts), seconds[key]) for key, counts in buckets.items()]


LATENCIES = Latencies()
"""Of this process, whatever clients it opens."""


def name_edge(path: str) -> str:
    """One of `EDGES`: ids and names in a path must not become labels."""
    node, _, edge = path.strip("/").partition("/")
    if path in EDGES:
        return path
    if node.startswith("upload:"):
        return "upload_session"
    if _NODE.fullmatch(node):
        return "node" if not edge else edge if edge in EDGES else "other"
    return "other"


def name_outcome(error: GraphError | None) -> str:
    """One of `OUTCOMES`."""
    match error:
        case None:
            return "success"
        case NotSentError():
            return "not_sent"
        case OutcomeUnknownError():
            return "unknown"
        case RateLimitedError():
            return "rate_limited"
        case TryAgainError():
            return "try_again"
        case _:
            return "refused"
