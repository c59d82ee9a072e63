"""Tasks in two Celery workers behind a real Redis, with leases short enough for a test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
import yaml

from local_stack.stack import Stack
from local_stack.state import PROJECT

# Long enough for a living worker on a busy machine, short enough to wait for.
PATIENCE = {
    "SOCIALPUB_QUEUED_LEASE_SECONDS": "60",
    "SOCIALPUB_SEND_LEASE_SECONDS": "20",
    "SOCIALPUB_SETTLE_SECONDS": "5",
    "SOCIALPUB_LOOK_AGAIN_SECONDS": "5",
    "SOCIALPUB_CATCH_UP_SECONDS": "1",
    # Fewer than the lanes of a burst, so that neither worker can take all of them.
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": "10",
}
SERVICES = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())["services"]


class StatsdListener:
    """Stands where the StatsD exporter stands in docker-compose.yaml and keeps what it hears."""

    def __init__(self) -> None:
        self.lines: set[str] = set()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            self.lines.update(self._socket.recv(65535).decode().splitlines())

    @property
    def names(self) -> set[str]:
        """Metric names without tags and values."""
        return {line.partition(":")[0].partition(",")[0] for line in self.lines}


@pytest.fixture(scope="module")
def statsd() -> StatsdListener:
    return StatsdListener()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, statsd: StatsdListener) -> Iterator[Stack]:
    given = SERVICES["airflow-scheduler"]["environment"]
    metrics = {name: value for name, value in given.items() if name.startswith("AIRFLOW__METRICS__")}
    here = {"AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1", "AIRFLOW__METRICS__STATSD_PORT": str(statsd.port)}
    environment = {**PATIENCE, **metrics, **here}
    with Stack(tmp_path_factory.mktemp("celery"), workers=2, environment=environment) as running:
        running.wait_until_ready()
        yield running
