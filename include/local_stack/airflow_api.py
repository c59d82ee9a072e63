"""A small client of Airflow's REST API, logged in as the local admin."""

from __future__ import annotations

from typing import Any

import requests

_TIMEOUT = 10


class AirflowApi:
    def __init__(self, url: str, *, password: str) -> None:
        self.url = url
        self._password = password
        self._session = requests.Session()

    def is_healthy(self) -> bool:
        """Whether the API server, scheduler, DAG processor and triggerer all report themselves healthy."""
        try:
            answer = self._session.get(f"{self.url}/api/v2/monitor/health", timeout=_TIMEOUT)
        except requests.RequestException:
            return False
        if answer.status_code != 200:
            return False
        parts = answer.json()
        return all(parts[name]["status"] == "healthy" for name in ("scheduler", "dag_processor", "triggerer"))

    def knows(self, dag_id: str) -> bool:
        return self._request("GET", f"dags/{dag_id}", may_be_missing=True) is not None

    def trigger(self, dag_id: str, conf: dict[str, Any]) -> str:
        """Start a run now; returns its id."""
        run = self._request("POST", f"dags/{dag_id}/dagRuns", json={"logical_date": None, "conf": conf})
        return str(run["dag_run_id"])

    def pause(self, dag_id: str, *, is_paused: bool) -> None:
        """As the switch beside a DAG's name."""
        self._request("PATCH", f"dags/{dag_id}", json={"is_paused": is_paused})

    def clear_run(self, dag_id: str, run_id: str) -> None:
        """As the Clear button of a run: all its tasks start anew, those that run now are stopped first."""
        self._request("POST", f"dags/{dag_id}/dagRuns/{run_id}/clear", json={"dry_run": False, "only_failed": False})

    def mark_run_failed(self, dag_id: str, run_id: str) -> None:
        """As a person does in the UI: its tasks are stopped."""
        self._request("PATCH", f"dags/{dag_id}/dagRuns/{run_id}", json={"state": "failed"})

    def delete_run(self, dag_id: str, run_id: str) -> None:
        """Airflow refuses this for a run that is running."""
        self._request("DELETE", f"dags/{dag_id}/dagRuns/{run_id}")

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        """The newest hundred runs, newest first."""
        answer = self._request("GET", f"dags/{dag_id}/dagRuns?limit=100&order_by=-run_after")
        return list(answer["dag_runs"])

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        answer = self._request("GET", f"dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100")
        return list(answer["task_instances"])

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Any other read, e.g. `dags/x/dagRuns/y/taskInstances/z/links`."""
        return self._request("GET", path)

    def _request(self, method: str, path: str, *, json: Any = None, may_be_missing: bool = False) -> Any:  # noqa: ANN401
        if "Authorization" not in self._session.headers:
            self._log_in()
        answer = self._session.request(method, f"{self.url}/api/v2/{path}", json=json, timeout=_TIMEOUT)
        if may_be_missing and answer.status_code == 404:
            return None
        if not answer.ok:
            raise requests.HTTPError(f"{method} {path}: {answer.status_code} {answer.text[:500]}", response=answer)
        return answer.json() if answer.content else None

    def _log_in(self) -> None:
        answer = self._session.post(
            f"{self.url}/auth/token", json={"username": "admin", "password": self._password}, timeout=_TIMEOUT
        )
        answer.raise_for_status()
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
