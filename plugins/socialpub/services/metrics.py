"""What Prometheus reads, in one transaction: counters and what stands open now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from socialpub.db.engine import transaction
from socialpub.db.metrics import Counted, Gauge, read_counters, read_gauges


@dataclass(frozen=True, slots=True)
class Reading:
    counted: Sequence[Counted]
    gauges: Sequence[Gauge]


def read_metrics(engine: Engine) -> Reading:
    """Raises `DatabaseUnavailableError`. Nothing of it is kept: any process of any number reads the same."""
    with transaction(engine, actor="metrics") as session:
        return Reading(read_counters(session), read_gauges(session))
