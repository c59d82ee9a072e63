"""The weekly check of all tokens: ten thousand connected Pages, one real run of its DAG."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bench.figure import Figure, Limit, Line
from bench.stage import BenchError, Stage
from bench.summary import Summary

_COUNT = 10_000
_LIMIT_SECONDS = 600
_PATIENCE_SECONDS = 900
_DAG = "check_page_tokens"


def measure_token_check(stage: Stage) -> Iterator[Line]:
    """Seconds from the start of the run to its end, with the four groups at once that the DAG allows."""
    stage.pages(_COUNT)
    for earlier in stage.airflow.runs(_DAG):  # As the stack starts, Airflow makes up for the last time of the schedule.
        _wait_for_end(stage, earlier["dag_run_id"])
    stage.owner.execute("update facebook_page_connections set checked_at = null where disconnected_at is null")
    stage.report(f"Checking the tokens of {_COUNT} Pages")
    asked_since = time.time()
    run_id = stage.airflow.trigger(_DAG, {})
    run = _wait_for_end(stage, run_id)
    tasks = [task for task in stage.airflow.task_instances(_DAG, run_id) if task["map_index"] >= 0]
    statuses: dict[str, int] = dict(
        stage.owner.execute(
            "select token_status, count(*) from facebook_page_connections where checked_at >= %s group by 1",
            (run["start_date"],),
        ).fetchall()
    )
    asked = len(stage.sandbox.arrivals(since=asked_since, edge="debug_token"))
    yield make_figure(run, tasks, statuses, asked=asked, pages=len(stage.pages(_COUNT))).line()


def make_figure(
    run: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], statuses: Mapping[str, int], *, asked: int, pages: int
) -> Figure:
    """Sound is a run in which each Page was asked about once and is valid, and no task was tried twice."""
    took = _seconds(run)
    lives = [_seconds(task) for task in tasks]
    is_sound = (
        run["state"] == "success"
        and all((task["state"], task["try_number"]) == ("success", 1) for task in tasks)
        and (dict(statuses), asked) == ({"valid": pages}, pages)
    )
    return Figure(
        "token_check_10000",
        "s",
        Summary(pages, *[took] * 4),
        Limit("max", _LIMIT_SECONDS),
        is_sound=is_sound,
        details={
            "tasks": len(tasks),
            "longest_task_s": round(max(lives, default=0.0), 1),
            "pages_per_s": round(pages / took, 1),
            "by_status": dict(statuses),
            "asked": asked,
        },
    )


def _wait_for_end(stage: Stage, run_id: str) -> Mapping[str, Any]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        run: Mapping[str, Any] = stage.airflow.get(f"dags/{_DAG}/dagRuns/{run_id}")
        if run["state"] in ("success", "failed"):
            return run
        if time.monotonic() > deadline:
            raise BenchError(f"{run_id} is {run['state']} after {_PATIENCE_SECONDS} s")
        stage.stack.require_alive()
        time.sleep(1)


def _seconds(ran: Mapping[str, Any]) -> float:
    start, end = (datetime.fromisoformat(ran[name]) for name in ("start_date", "end_date"))
    return (end - start).total_seconds()
