"""What a series of measurements comes to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: a value that was measured, never one in between. Raises `ValueError` for none."""
    if not values:
        raise ValueError("nothing was measured")
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


@dataclass(frozen=True, slots=True)
class Summary:
    n: int
    min: float
    p50: float
    p95: float
    max: float


def summarise(values: Sequence[float]) -> Summary:
    """Raises `ValueError` for an empty series."""
    return Summary(len(values), *(percentile(values, share) for share in (0.0, 0.5, 0.95, 1.0)))
