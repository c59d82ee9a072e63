"""Posts of one second through the whole stack, and everything that is worth measuring on the way.

They are due on a full minute, as people plan: the scan half a minute earlier claims them.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from bench.accounting import read_cpu_seconds, read_pss_bytes, stack_trees
from bench.arrivals import read_arrivals
from bench.posts import schedule_batch
from bench.stage import BenchError, Stage, as_instant
from bench.summary import Summary, summarise
from bench.tasks import count_lost, read_start_ups, read_tasks

_SCAN_AHEAD_SECONDS = 30
_ARMED_BEFORE_SECONDS = 10
_LONGEST_SECONDS = 120
_SLOWEST_RATE = 25  # posts a second; slower than this is not waited for


@dataclass(frozen=True, slots=True)
class Burst:
    lateness: Summary
    unpublished: int
    repeated: int
    missing: int
    lost_tasks: int
    lanes: int
    cpu_seconds: float
    """Of the stack, from just before the claiming scan until all outcomes were written down."""
    window_seconds: float
    done_after_seconds: float
    """From the due second until the last outcome was written down."""
    start_ups: Summary
    """How long its tasks waited from the queue to their start, in seconds."""
    armed_pss_bytes: dict[str, int]
    """Of each part of the stack while its lanes wait for the second."""

    @property
    def is_sound(self) -> bool:
        """All arrived exactly once, are known to be published, and no task was lost."""
        return not (self.unpublished or self.repeated or self.missing or self.lost_tasks)

    def details(self) -> dict[str, Any]:
        return {
            "earliest": round(self.lateness.min, 3),
            "exactly_once": not (self.repeated or self.missing),
            "unpublished": self.unpublished,
            "lost_tasks": self.lost_tasks,
            "lanes": self.lanes,
            "done_after_s": round(self.done_after_seconds, 2),
            "cpu_s": round(self.cpu_seconds, 1),
            "cpu_window_s": round(self.window_seconds, 1),
        }


def run_burst(stage: Stage, count: int) -> Burst:
    """Raises `BenchError` when the posts were not in the table before their scan."""
    pages = stage.pages(count)
    # Writing the posts takes a while, and they have to be there before the scan that claims them.
    due_at = _next_minute(time.time() + _SCAN_AHEAD_SECONDS + 5 + count / 200)
    scan_at = due_at - _SCAN_AHEAD_SECONDS
    stage.report(f"{count} posts of one second, due in {due_at - time.time():.0f} s")
    batch = schedule_batch(stage.backoffice, pages, label=f"burst {count}", publish_at=as_instant(due_at))
    if time.time() > scan_at - 1:
        raise BenchError(f"{count} posts were not written in time for their scan.")
    stage.wait_until(scan_at - 1)
    cpu_before, started_at = _cpu(stage), time.time()
    stage.wait_until(due_at - _ARMED_BEFORE_SECONDS)
    armed = {part: read_pss_bytes(tree) for part, tree in stack_trees(stage.stack).items()}
    stage.wait_until(due_at + 1)
    done = stage.wait_until_published(batch, seconds=_LONGEST_SECONDS + count / _SLOWEST_RATE)
    ended_at, cpu_seconds = time.time(), _cpu(stage) - cpu_before
    arrived = read_arrivals(stage.sandbox, batch.bodies, since=started_at)
    tasks = read_tasks(stage, batch)
    return Burst(
        lateness=summarise(arrived.lateness(due_at)),
        unpublished=count - done,
        repeated=arrived.repeated,
        missing=arrived.missing,
        lost_tasks=count_lost(tasks),
        lanes=sum(task["task_id"] == "publish" for task in tasks),
        cpu_seconds=cpu_seconds,
        window_seconds=ended_at - started_at,
        start_ups=summarise(read_start_ups(tasks)),
        done_after_seconds=ended_at - due_at,
        armed_pss_bytes=armed,
    )


def _cpu(stage: Stage) -> float:
    return read_cpu_seconds(stack_trees(stage.stack).values())


def _next_minute(instant: float) -> float:
    return (instant // 60 + 1) * 60
