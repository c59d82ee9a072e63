"""When posts reached the sandbox: the only instant that counts, whatever the sender believes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from graph_sandbox.control import SandboxControl


@dataclass(frozen=True, slots=True)
class Arrivals:
    """`at` holds each message's first arrival in Unix seconds."""

    at: dict[str, float]
    repeated: int
    missing: int

    @property
    def is_exactly_once(self) -> bool:
        return not self.repeated and not self.missing

    def lateness(self, due_at: float) -> list[float]:
        return [arrived_at - due_at for arrived_at in self.at.values()]


def read_arrivals(sandbox: SandboxControl, messages: Collection[str], *, since: float) -> Arrivals:
    """Asked once it is over: the sandbox shares the machine, and a long answer would hold up the posts."""
    wanted, seen, at = set(messages), Counter[str](), dict[str, float]()
    for arrival in sandbox.arrivals(since=since, edge="feed", method="POST"):
        if arrival.message in wanted:
            seen[arrival.message] += 1
            at.setdefault(arrival.message, arrival.arrived_at)
    repeated = sum(times - 1 for times in seen.values())
    return Arrivals(at, repeated, missing=len(wanted) - len(seen))
