"""What this process measured of Facebook, written down for Prometheus."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from sqlalchemy import Engine

from socialpub.db.engine import transaction
from socialpub.db.metrics import Counted, add_counters
from socialpub.errors import SocialpubError
from socialpub.graph.latency import BOUNDS, LATENCIES, Measured

log = logging.getLogger(__name__)

_METRIC = "facebook_api_latency_seconds"


def write_latencies(engine: Engine) -> None:
    """One statement for all requests since the last call. A figure is no reason to fail a task: without a database

    they are lost, and the log says so.
    """
    measured = LATENCIES.take()
    if not measured:
        return
    try:
        with transaction(engine, actor="metrics") as session:
            add_counters(session, [counted for one in measured for counted in _count(one)])
    except SocialpubError as error:
        log.warning("The latencies of this task are not counted: %s", error)


def _count(measured: Measured) -> Iterator[Counted]:
    labels = (measured.edge, measured.outcome)
    for bucket, requests in measured.buckets.items():
        yield Counted(_METRIC, (*labels, name_bound(BOUNDS[bucket])), requests)
    yield Counted(f"{_METRIC}_sum", labels, measured.seconds)


def name_bound(bound: float) -> str:
    """As Prometheus writes an upper bound."""
    return "+Inf" if bound == float("inf") else f"{bound:g}"
