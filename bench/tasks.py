"""What became of the Airflow tasks that worked some posts."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from bench.posts import Batch
from bench.stage import Stage

_FINAL = {"success", "failed", "skipped", "upstream_failed", "removed"}


def read_tasks(stage: Stage, batch: Batch, *, seconds: float = 60) -> list[dict[str, Any]]:
    """The task instances of all runs that had one of the posts, once they have ended or the time is up."""
    runs = stage.owner.execute(
        "select distinct dag_id, run_id from social_publish_attempts where scheduled_post_id = any(%s)",
        (batch.post_ids,),
    ).fetchall()
    deadline = time.monotonic() + seconds
    while True:
        tasks = [task for dag_id, run_id in runs for task in stage.airflow.task_instances(dag_id, run_id)]
        if all(task["state"] in _FINAL for task in tasks) or time.monotonic() > deadline:
            return tasks
        time.sleep(1)


def count_lost(tasks: list[dict[str, Any]]) -> int:
    """Tasks that did not end well although nothing was wrong with their posts."""
    return sum(task["state"] != "success" for task in tasks)


def read_start_ups(tasks: list[dict[str, Any]]) -> list[float]:
    """Seconds from the queue to the start, of each task that started; the API server has a part in every one."""
    times = [(task["queued_when"], task["start_date"]) for task in tasks]
    parsed = [[datetime.fromisoformat(instant) for instant in pair] for pair in times if all(pair)]
    return [(started_at - queued_at).total_seconds() for queued_at, started_at in parsed]
