"""The whole stack as one object: PostgreSQL, the Graph sandbox, Airflow's four components and, if wanted, Celery."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from graph_sandbox.control import SandboxControl
from local_stack.airflow_api import AirflowApi
from local_stack.broker import Broker
from local_stack.databases import create_databases, create_logins
from local_stack.environment import build_environment
from local_stack.postgres import EmbeddedPostgres
from local_stack.processes import Component, stop_groups
from local_stack.running import write_environment
from local_stack.state import PROJECT, Home, Ports, StackError, is_listening
from socialpub.db.schema import upgrade

OUR_DAGS = (
    "announce_published_posts",
    "check_page_tokens",
    "deliver_notifications",
    "preupload_media",
    "publish_due_posts",
    "publish_post_now",
    "send_daily_digest",
    "smoke_test_page",
    "verify_handed_over_posts",
)
_START_SECONDS = 120

Report = Callable[[str], None]


class Stack:
    """`start()` brings everything up, `stop()` takes all of it down again. One stack a state folder at a time.

    An Airflow connection `socialpub_db` or `facebook_app` in `environment` replaces the embedded database or the
    sandbox: nothing is started or migrated in its place. `smtp_default` and `slack_social` together replace the inbox.
    With `workers`, tasks run in that many Celery workers behind Redis; without, in processes of the scheduler.
    """

    def __init__(
        self,
        home: Path,
        *,
        ports: Ports | None = None,
        dags_folder: Path = PROJECT / "dags",
        workers: int = 0,
        environment: Mapping[str, str] | None = None,
        report: Report = lambda _: None,
    ) -> None:
        self.home = Home(home)
        self.ports = ports or Ports.free()
        self.postgres = EmbeddedPostgres(self.home.postgres)
        self.workers = [f"worker-{number}" for number in range(1, workers + 1)]
        self.broker = Broker(self.home) if workers else None
        self._dags_folder = dags_folder
        self._given = {**os.environ, **(environment or {})}
        self._report = report
        self._components: list[Component] = []
        self._environment: dict[str, str] = {}

    @property
    def has_own_database(self) -> bool:
        return "AIRFLOW_CONN_SOCIALPUB_DB" not in self._given

    @property
    def has_sandbox(self) -> bool:
        return "AIRFLOW_CONN_FACEBOOK_APP" not in self._given

    @property
    def has_inbox(self) -> bool:
        """Whether mail or Slack messages come here."""
        return not {"AIRFLOW_CONN_SMTP_DEFAULT", "AIRFLOW_CONN_SLACK_SOCIAL"} <= self._given.keys()

    @property
    def inbox_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.inbox}"

    @property
    def airflow_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.airflow}"

    @property
    def webhook_url(self) -> str:
        """Where Facebook tells the plugin's app what happened on Pages."""
        return f"{self.airflow_url}/socialpub/api/social/facebook/status"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.sandbox}"

    @property
    def admin_password(self) -> str:
        return self.home.secret("admin_password")

    @property
    def airflow(self) -> AirflowApi:
        return AirflowApi(self.airflow_url, password=self.admin_password)

    @property
    def sandbox(self) -> SandboxControl:
        return SandboxControl(self.sandbox_url)

    @property
    def environment(self) -> Mapping[str, str]:
        """What every component finds in its environment; empty before the start."""
        return self._environment

    @property
    def token_keys(self) -> str:
        return self._environment["SOCIALPUB_TOKEN_KEYS"]

    def database_url(self, user: str = "postgres") -> str:
        return self.postgres.url("socialpub", user=user)

    def start(self) -> None:
        """Databases first, the scheduler after the API server; `wait_until_ready` tells when all of it works."""
        self.home.path.mkdir(parents=True, exist_ok=True)
        self._refuse_second_start()
        self.ports.require_free()
        broker_command = self.broker.prepare() if self.broker else []
        self._lock()
        self._report("Starting PostgreSQL")
        self.postgres.start()
        self._prepare_databases()
        self._environment = build_environment(
            self.home,
            self.ports,
            self.postgres,
            dags_folder=self._dags_folder,
            given=self._given,
            broker_url=self.broker.url if self.broker else None,
        )
        programs = {"PGHOST": self.postgres.socket_dir, "PGUSER": "postgres", "PROGRAMS": str(self.postgres.programs)}
        write_environment(self.home, self._environment | programs)
        if self.broker:
            self._launch_program("redis", *broker_command)
        if self.has_sandbox:
            self._launch("sandbox", "-m", "graph_sandbox", "--host", "127.0.0.1", "--port", str(self.ports.sandbox))
        if self.has_inbox:
            ports = ("--port", str(self.ports.inbox), "--smtp-port", str(self.ports.inbox_smtp))
            self._launch("inbox", "-m", "local_inbox", *ports)
        self._report("Preparing Airflow's metadata")
        self._run_metadata()
        self._report("Starting Airflow")
        for name in ("api-server", "dag-processor"):
            self._launch(name, "-m", "airflow", name)
        # A task that starts before there is an API server to tell it to fails.
        self._wait_until_listening(self.ports.airflow)
        for name in ("scheduler", "triggerer"):
            self._launch(name, "-m", "airflow", name)
        for name in self.workers:
            # All write to one folder on this machine, so no worker needs to serve its logs.
            self._launch(name, "-m", "airflow", "celery", "worker", "--celery-hostname", name, "--skip-serve-logs")

    def wait_for_sandbox(self) -> None:
        """Return once the sandbox listens; raise `StackError` if it ended instead."""
        self._wait_until_listening(self.ports.sandbox)

    def wait_until_ready(self, *, dags: tuple[str, ...] = OUR_DAGS) -> None:
        """Return once every component is healthy and Airflow knows our DAGs; raise `StackError` if one ends."""
        deadline = time.monotonic() + _START_SECONDS
        airflow = self.airflow
        while not (airflow.is_healthy() and all(airflow.knows(dag) for dag in dags) and self._has_workers()):
            self.require_alive()
            if time.monotonic() > deadline:
                raise StackError(f"Airflow is not ready after {_START_SECONDS} s. Next: look at {self.home.logs}.")
            time.sleep(0.5)

    def _wait_until_listening(self, port: int) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not is_listening(port):
            self.require_alive()
            if time.monotonic() > deadline:
                raise StackError(f"Nothing listens on port {port}. Next: look at {self.home.logs}.")
            time.sleep(0.1)

    def require_alive(self) -> None:
        for component in self._components:
            component.require_alive()

    def component(self, name: str) -> Component:
        return next(component for component in self._components if component.name == name)

    def revive(self) -> None:
        """Start again what has ended, as a service manager would."""
        for component in self._components:
            if component.has_ended:
                component.start()
                self._lock()

    def stop(self) -> None:
        """Idempotent; leaves no process of ours."""
        stop_groups([component.pid for component in self._components if component.pid])
        self._components.clear()
        self.postgres.stop()
        self.home.lock.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _refuse_second_start(self) -> None:
        """A living stack in this folder is left alone; what a dead one left running is stopped."""
        if not self.home.lock.exists():
            return
        left = json.loads(self.home.lock.read_text())
        if psutil.pid_exists(left["pid"]) and _started_at(left["pid"]) == left["started_at"]:
            raise StackError(
                f"Already running in {self.home.path} (pid {left['pid']}): {left['url']}. Next: use it, or stop it."
            )
        stop_groups([pid for pid, started_at in left["groups"] if _started_at(pid) == started_at])
        self.home.lock.unlink()

    def _lock(self) -> None:
        groups = [(component.pid, _started_at(component.pid)) for component in self._components if component.pid]
        me = {"pid": os.getpid(), "started_at": _started_at(os.getpid()), "url": self.airflow_url, "groups": groups}
        self.home.lock.write_text(json.dumps(me))

    def _prepare_databases(self) -> None:
        server = self.postgres.url("postgres")
        create_databases(server, ["airflow", "socialpub"])
        if self.has_own_database:
            self._report("Migrating the socialpub database")
            upgrade(self.database_url())
            create_logins(server)

    def _run_metadata(self) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "local_stack.metadata"],
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StackError(f"Airflow's metadata can't be prepared:\n{(done.stdout + done.stderr)[-3000:]}")

    def _has_workers(self) -> bool:
        return self.broker is None or set(self.workers) <= self.broker.answering_workers()

    def _launch(self, name: str, *arguments: str) -> None:
        self._launch_program(name, sys.executable, *arguments)

    def _launch_program(self, name: str, *command: str) -> None:
        component = Component(name, command, self.home.logs / f"{name}.log", self._environment)
        component.start()
        self._components.append(component)
        self._lock()


def _started_at(pid: int) -> float:
    """Tells a process from a later one with the same pid; 0 for none."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0
