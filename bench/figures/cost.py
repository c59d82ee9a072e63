"""What the stack costs: when nothing happens, while lanes are armed, and as bursts grow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from bench.accounting import read_cpu_seconds, stack_trees
from bench.burst import Burst
from bench.figure import Figure, Limit, Line
from bench.figures.bursts import keep_burst
from bench.stage import Stage
from bench.summary import Summary

_MINUTE = 60.0
_GIB = 1024**3
_ALWAYS = (10, 100, 1000)
_LANES = 16


def measure_idle_minute(stage: Stage) -> Iterator[Line]:
    """A whole minute holds exactly one scan, wherever it begins."""
    _ = stage.stack
    stage.report("Measuring an idle minute")
    time.sleep(10)  # What ran before has ended by then.
    before, started_at = _cpu_by_part(stage), time.monotonic()
    stage.wait_until(time.time() + _MINUTE)
    used = {part: seconds - before.get(part, 0.0) for part, seconds in _cpu_by_part(stage).items()}
    share = 100 * sum(used.values()) / (time.monotonic() - started_at)
    parts = {part: round(seconds, 2) for part, seconds in used.items()}
    yield Figure("idle_minute", "% of a core", _single(share), Limit("max", 25), details={"cpu_s": parts}).line()


def measure_memory_16_lanes(stage: Stage) -> Iterator[Line]:
    """Looks at a burst that has been run, or runs one."""
    burst = next((b for b in stage.bursts.values() if b.lanes >= _LANES), None) or keep_burst(stage, _LANES)
    parts = {part: round(size / _GIB, 3) for part, size in burst.armed_pss_bytes.items()}
    total = sum(burst.armed_pss_bytes.values()) / _GIB
    details = {"lanes": burst.lanes, "pss_gib": parts}
    yield Figure(
        "memory_16_lanes", "GiB", _single(total), Limit("max", 2.5), is_sound=burst.lanes >= _LANES, details=details
    ).line()


def measure_growth(stage: Stage) -> Iterator[Line]:
    """The largest burst counts only if this run has measured it already: it takes minutes."""
    counts = [*_ALWAYS, *(count for count in stage.bursts if count > max(_ALWAYS))]
    bursts = {count: keep_burst(stage, count) for count in counts}
    first, last = bursts[10], bursts[counts[-1]]
    added_ms = 1000 * (last.cpu_seconds - first.cpu_seconds) / (counts[-1] - counts[0])
    yield Figure(
        "growth",
        "ms CPU a further post",
        Summary(counts[-1], *[added_ms] * 4),
        Limit("max"),
        is_sound=all(burst.is_sound for burst in bursts.values()),
        details={"by_posts": {str(count): _cost(burst) for count, burst in bursts.items()}},
    ).line()


def _cost(burst: Burst) -> dict[str, Any]:
    return {
        "p95_s": round(burst.lateness.p95, 3),
        "cpu_s": round(burst.cpu_seconds, 1),
        "window_s": round(burst.window_seconds, 1),
    }


def _cpu_by_part(stage: Stage) -> dict[str, float]:
    return {part: read_cpu_seconds([tree]) for part, tree in stack_trees(stage.stack).items()}


def _single(value: float) -> Summary:
    return Summary(1, value, value, value, value)
