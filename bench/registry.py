"""The figures by name, in the order they are measured. A new one is one entry here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator

from bench.figure import Line
from bench.figures.at_once import measure_publish_now, measure_sql_insert_due_now
from bench.figures.beside import measure_beside
from bench.figures.beside_api import measure_burst_200_beside_api
from bench.figures.bursts import measure_burst_60, measure_burst_1000, measure_burst_5000
from bench.figures.cost import measure_growth, measure_idle_minute, measure_memory_16_lanes
from bench.figures.overdue import measure_overdue_1000
from bench.figures.rotation import measure_rotation
from bench.figures.tokens import measure_token_check
from bench.figures.uploads import measure_upload_disk, measure_upload_s3
from bench.stage import BenchError, Stage

Measure = Callable[[Stage], Iterable[Line]]


def relay(module: str) -> Measure:
    """A measurement with a `main()` of its own that prints JSON lines and needs no stack: `relay("bench.claim")`."""

    def measure(stage: Stage) -> Iterator[Line]:
        stage.report(f"Running {module}")
        done = subprocess.run([sys.executable, "-m", module], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise BenchError(f"{module} ended with {done.returncode}")
        yield from (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))

    return measure


# What needs no stack, or a database of its own, comes before the stack starts beside it; what looks at an earlier burst
# (memory, growth) comes after it. Thousands of Pages or a million drafts more would weigh on the others, so those that
# need them come last.
FIGURES: dict[str, Measure] = {
    "bulk_insert": relay("bench.bulk_insert"),
    "claim": relay("bench.claim"),
    "scrape_1m": relay("bench.scrape"),
    "api_1m": relay("bench.api_load"),
    "console_1m": relay("bench.console_load"),
    "upload_1gib_disk": measure_upload_disk,
    "upload_1gib_s3": measure_upload_s3,
    "burst_60": measure_burst_60,
    "publish_now": measure_publish_now,
    "idle_minute": measure_idle_minute,
    "lateness_beside": measure_beside,
    "burst_1000": measure_burst_1000,
    "overdue_1000": measure_overdue_1000,
    "sql_insert_due_now": measure_sql_insert_due_now,
    "burst_5000": measure_burst_5000,
    "memory_16_lanes": measure_memory_16_lanes,
    "growth": measure_growth,
    "burst_200_beside_api": measure_burst_200_beside_api,
    "token_check_10000": measure_token_check,
    "rotate_100000": measure_rotation,
}
# The promise "on the second, and in a burst": what is measured when no figure is named, within 25 minutes.
ON_TIME = (
    *("bulk_insert", "claim", "burst_60", "publish_now", "idle_minute", "burst_1000", "overdue_1000"),
    *("sql_insert_due_now", "burst_5000", "memory_16_lanes", "growth"),
)
ALL = "all"
