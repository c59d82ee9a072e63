"""After downtime: a thousand overdue posts of a thousand Pages when the scan starts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime

from bench.arrivals import read_arrivals
from bench.figure import Figure, Limit, Line
from bench.posts import Batch, schedule_batch
from bench.stage import Stage, as_instant
from bench.summary import Summary
from bench.tasks import count_lost, read_tasks

_COUNT = 1000
_OVERDUE_SECONDS = 240
_PATIENCE_SECONDS = 150


def measure_overdue_1000(stage: Stage) -> Iterator[Line]:
    """Posts a second from the start of the scan's task to the last arrival."""
    pages = stage.pages(_COUNT)
    began_at = time.time()
    _close_gate(stage)
    try:
        overdue_since = as_instant(time.time() - _OVERDUE_SECONDS)
        batch = schedule_batch(stage.backoffice, pages, label="overdue", publish_at=overdue_since)
    finally:
        _open_gate(stage)
    stage.report(f"{_COUNT} overdue posts wait for the scan")
    done = stage.wait_until_published(batch, seconds=_PATIENCE_SECONDS)
    yield _read_figure(stage, batch, done, since=began_at).line()


def _read_figure(stage: Stage, batch: Batch, done: int, *, since: float) -> Figure:
    arrived = read_arrivals(stage.sandbox, batch.bodies, since=since)
    first, last = min(arrived.at.values()), max(arrived.at.values())
    tasks = read_tasks(stage, batch)
    scan_at = min(_started_at(task["start_date"]) for task in tasks if task["task_id"] == "claim_due_posts")
    rate, lost = _COUNT / (last - scan_at), count_lost(tasks)
    return Figure(
        "overdue_1000",
        "posts/s",
        Summary(_COUNT, rate, rate, rate, rate),
        Limit("p50", 100, is_floor=True),
        is_sound=arrived.is_exactly_once and done == _COUNT and not lost,
        details={
            "scan_to_first_arrival_s": round(first - scan_at, 2),
            "scan_to_last_arrival_s": round(last - scan_at, 2),
            "posts_per_s_from_first_arrival": round(_COUNT / (last - first), 1),
            "exactly_once": arrived.is_exactly_once,
            "lost_tasks": lost,
        },
    )


def _started_at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _close_gate(stage: Stage) -> None:
    """So that no scan takes a part of the posts while they are being written."""
    stage.owner.execute(
        "update social_publishing_gate set paused_at = now(), paused_by = 'bench', pause_reason = 'posts are written'"
    )


def _open_gate(stage: Stage) -> None:
    stage.owner.execute("update social_publishing_gate set paused_at = null, paused_by = null, pause_reason = null")
