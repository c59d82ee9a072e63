"""Striking: what each blow does to the running stack, and how the stack gets on its feet again."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable
from functools import partial

import psutil
import psycopg
import requests

from chaos.arena import Arena
from chaos.cells import Blow
from local_stack.airflow_api import AirflowApi

DAG = "publish_due_posts"
_CUT_SECONDS = 4
# Airflow names the process that runs a task instance after its id; its executor's and supervisor's have other names.
_TASK_PROCESS = re.compile(r"airflow worker -- [0-9a-f-]{36}\s*")


def strike(arena: Arena, blow: Blow, run_ids: Iterable[str]) -> None:
    """Let the blow fall on everything that is under way; `run_ids` are the runs of `publish_due_posts` concerned."""
    blows: dict[Blow, Callable[[], None]] = {
        Blow.TASK: lambda: _kill_tasks(arena),
        Blow.SCHEDULER: lambda: arena.stack.component("scheduler").kill(),
        Blow.API_SERVER: lambda: arena.stack.component("api-server").kill(),
        Blow.POSTGRES: arena.stack.postgres.crash_and_restart,
        Blow.NETWORK: arena.proxy.cut,
        Blow.CLEARED: lambda: _each(run_ids, arena.stack.airflow.clear_run),
        Blow.DELETED: lambda: _each(run_ids, partial(_delete, arena.stack.airflow)),
    }
    blows[blow]()


def recover(arena: Arena, blow: Blow) -> None:
    """What a service manager, or the network's own staff, would do."""
    if blow == Blow.NETWORK:
        time.sleep(_CUT_SECONDS)
        arena.proxy.mend()
    if blow == Blow.POSTGRES:
        arena.office.reconnect()
    arena.stack.revive()


def start_scan(arena: Arena) -> str | None:
    """A scan out of turn, so that nobody waits for the minute; None when Airflow is not on its feet."""
    with contextlib.suppress(requests.RequestException):
        return arena.stack.airflow.trigger(DAG, {})
    return None


def lane_labels(arena: Arena, run_id: str) -> list[str | None]:
    """The label of each lane of a run; a lane gets it when its task starts, just before it loads its posts."""
    instances = arena.stack.airflow.task_instances(DAG, run_id)
    return [task["rendered_map_index"] for task in instances if task["task_id"] == "publish" and task["map_index"] >= 0]


def waits_for_a_lock(arena: Arena, statement: str) -> int:
    """How many sessions of the product wait for a lock with such a statement."""
    try:
        [(waiting,)] = arena.office.rows(
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ilike %s", f"%{statement}%"
        )
    except psycopg.OperationalError:
        return 0
    return int(waiting)


def _kill_tasks(arena: Arena) -> None:
    scheduler = psutil.Process(arena.stack.component("scheduler").pid)
    for process in scheduler.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if _TASK_PROCESS.fullmatch(" ".join(process.cmdline())):
                process.kill()


def _delete(airflow: AirflowApi, dag_id: str, run_id: str) -> None:
    airflow.mark_run_failed(dag_id, run_id)  # Airflow deletes no run that is running.
    airflow.delete_run(dag_id, run_id)


def _each(run_ids: Iterable[str], do: Callable[[str, str], None]) -> None:
    for run_id in run_ids:
        do(DAG, run_id)
