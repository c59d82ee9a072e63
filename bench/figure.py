"""A figure: what was measured, what is required of it, and what peers reached in the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from bench.summary import Summary

Statistic = Literal["p50", "p95", "max"]
Line = dict[str, Any]
"""One figure as it is printed."""


@dataclass(frozen=True, slots=True)
class Peer:
    name: str
    summary: Summary


@dataclass(frozen=True, slots=True)
class Limit:
    """What is required of one statistic: a bound, and possibly a multiple of the required peer's."""

    statistic: Statistic
    bound: float | None = None
    is_floor: bool = False
    peer_factor: float | None = None

    def describe(self, unit: str, peer: str | None) -> str:
        sign = ">=" if self.is_floor else "<="
        parts = [] if self.bound is None else [f"{self.statistic} {sign} {self.bound:g} {unit}"]
        if self.peer_factor is not None:
            parts.append(f"{self.statistic} {sign} {self.peer_factor:g} x {peer or 'peer'}")
        return " and ".join(parts)

    def is_met(self, summary: Summary, peer: Summary | None) -> bool:
        """A requirement over a peer is not met by a run in which the peer was not measured."""
        value, bounds = self._of(summary), [] if self.bound is None else [self.bound]
        if self.peer_factor is not None:
            if peer is None:
                return False
            bounds.append(self.peer_factor * self._of(peer))
        return all(value >= bound if self.is_floor else value <= bound for bound in bounds)

    def ratio(self, summary: Summary, peer: Summary) -> float | None:
        """None beside a peer of zero, such as one that took no memory."""
        return self._of(summary) / self._of(peer) if self._of(peer) else None

    def _of(self, summary: Summary) -> float:
        value: float = getattr(summary, self.statistic)
        return value


@dataclass(frozen=True, slots=True)
class Figure:
    """`peers` holds the required peer first; `is_sound` is false when a promise was broken on the way."""

    name: str
    unit: str
    summary: Summary
    limit: Limit
    peers: Sequence[Peer] = ()
    is_sound: bool = True
    details: Mapping[str, Any] = field(default_factory=dict)

    def line(self) -> Line:
        peer = self.peers[0] if self.peers else None
        return {
            "figure": self.name,
            "n": self.summary.n,
            "p50": _rounded(self.summary.p50),
            "p95": _rounded(self.summary.p95),
            "max": _rounded(self.summary.max),
            "unit": self.unit,
            "required": self.limit.describe(self.unit, peer.name if peer else None) or None,
            "is_met": self.is_sound and self.limit.is_met(self.summary, peer.summary if peer else None),
            **self._compare(peer),
            **self.details,
        }

    def _compare(self, peer: Peer | None) -> Line:
        if peer is None:
            return {}
        statistic, ratio = self.limit.statistic, self.limit.ratio(self.summary, peer.summary)
        return {
            "peer": peer.name,
            "peer_figure": _rounded(getattr(peer.summary, statistic)),
            **({} if ratio is None else {"ratio": _rounded(ratio)}),
            f"peers_{statistic}": {other.name: _rounded(getattr(other.summary, statistic)) for other in self.peers},
        }


def _rounded(value: float) -> float:
    return round(value, 3)
