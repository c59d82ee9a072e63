"""Starting a run of one of our DAGs from within the API server."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from socialpub.hooks.connections import read_airflow_url

_PUBLISH_NOW = "publish_post_now"
_AIRFLOW, _BACKOFFICE = "airflow:", "backoffice:"


@dataclass(frozen=True, slots=True)
class StartedRun:
    """Where to look at it."""

    run_id: str
    run_url: str


def start_publish_now(post_id: UUID, reason: str, person: str) -> StartedRun:
    """Start `publish_post_now` for a draft or scheduled post. The run itself claims it, or says why it can't.

    Airflow shows `person` as who triggered it, marked where that is none of Airflow's logins (`read_person`).
    """
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.utils.types import DagRunTriggeredByType

    run = trigger_dag(
        dag_id=_PUBLISH_NOW,
        triggered_by=DagRunTriggeredByType.REST_API,
        triggering_user_name=_write_person(person),
        conf={"post": str(post_id), "reason": reason},
        replace_microseconds=False,
    )
    assert run is not None, "a run was asked for"
    return StartedRun(run.run_id, f"{read_airflow_url()}/dags/{_PUBLISH_NOW}/runs/{run.run_id}")


def read_person(triggering_user: str | None) -> str:
    """Who triggered a run, as rows and the audit log name people."""
    name = triggering_user or "unknown operator"
    return name.removeprefix(_BACKOFFICE) if name.startswith(_BACKOFFICE) else _AIRFLOW + name


def _write_person(person: str) -> str:
    return person.removeprefix(_AIRFLOW) if person.startswith(_AIRFLOW) else _BACKOFFICE + person
