"""`make run` as a person meets it: it says where things are, refuses a second start, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from tests.needs import needs_redis

from local_stack.state import Ports, variable

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(240)]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    ports = Ports.free()
    chosen = {variable(name): str(getattr(ports, name)) for name in Ports.__dataclass_fields__}
    return {**os.environ, **chosen, "SOCIALPUB_HOME": str(tmp_path / "home")}


class Run:
    def __init__(self, environment: dict[str, str], log: Path, command: str) -> None:
        self.environment, self.log = environment, log
        self.command = [sys.executable, "-m", "local_stack", command]
        with log.open("wb") as file:
            self.process = subprocess.Popen(self.command, stdout=file, stderr=subprocess.STDOUT, env=environment)

    def wait_for(self, text: str, *, seconds: float) -> str:
        deadline = time.monotonic() + seconds
        while text not in self.log.read_text():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.2)
        return self.log.read_text()

    def again(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self.command, capture_output=True, text=True, env=self.environment, check=False)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def left_over(self) -> list[str]:
        """What still runs for this state folder."""
        return [" ".join(process.cmdline()) for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        home = self.environment["SOCIALPUB_HOME"]
        try:
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == os.getpid():
                return False
            # Redis writes its title over its arguments and environment, but works in the folder.
            places = (process.environ().get("SOCIALPUB_HOME"), process.cwd(), *process.cmdline())
            return any(place and home in place for place in places)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False


@pytest.fixture
def run(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Run]]:
    started: list[Run] = []

    def start(command: str = "run") -> Run:
        started.append(Run(environment, tmp_path / "output.log", command))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGTERM)


@pytest.mark.parametrize("command", ["run", pytest.param("run-celery", marks=needs_redis)])
def test_it_prints_its_addresses_refuses_a_second_start_and_ends_clean_on_sigterm(run, command):
    """The state folder stays for the next start; only the processes go."""
    running = run(command)
    output = running.wait_for("Ctrl-C stops everything.", seconds=150)
    assert re.search(r"Airflow   http://127\.0\.0\.1:\d+   login admin, password \S{20,}", output)
    assert "/pages" in output
    second = running.again()
    assert second.returncode == 1
    assert "Already running" in second.stderr
    assert str(running.process.pid) in second.stderr
    assert any("redis-server" in process for process in running.left_over()) == (command == "run-celery")
    assert running.left_over()
    assert running.end(signal.SIGTERM) == 0
    assert running.left_over() == []


def test_ctrl_c_in_the_middle_of_the_start_leaves_nothing_and_the_next_start_works(run):
    """Interrupted half-way, the folder is still good."""
    first = run()
    first.wait_for("Preparing Airflow's metadata", seconds=60)
    assert first.end(signal.SIGINT) == 0
    assert first.left_over() == []
    second = run()
    second.wait_for("Ctrl-C stops everything.", seconds=150)
    assert second.end(signal.SIGINT) == 0
    assert second.left_over() == []
