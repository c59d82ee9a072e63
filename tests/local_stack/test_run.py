"""`make run` as a person meets it: it says where things are, refuses a second start, and leaves nothing behind."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from subprocess import CompletedProcess

import psutil
import pytest
import requests
from tests.needs import needs_redis

from graph_sandbox.control import SandboxControl
from local_stack.state import PROJECT, Ports, variable

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(240)]

DEFAULTS = {"airflow": 8080, "sandbox": 8090, "inbox": 8091}


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

    def again(self) -> CompletedProcess[str]:
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


def follow(environment: dict[str, str], commands: str, *, shell: Sequence[str] = ("bash",)) -> CompletedProcess[str]:
    """What a reader types in a second terminal; ports are this test's."""
    for name, default in DEFAULTS.items():
        commands = commands.replace(f"127.0.0.1:{default}", f"127.0.0.1:{environment[variable(name)]}")
    return subprocess.run(
        shell, cwd=PROJECT, env=environment, input=commands, capture_output=True, text=True, check=False, timeout=150
    )


def marked(page: Path) -> dict[str, str]:
    return dict(re.findall(r"<!-- test: ([\w ]+) -->\n```bash\n(.*?)```", page.read_text(), re.DOTALL))


def live(environment: dict[str, str]) -> Counter[str | None]:
    """What the sandbox shows, of all Pages, without the samples' signatures."""
    control = SandboxControl(f"http://127.0.0.1:{environment[variable('sandbox')]}")
    pages = ("200000000000001", "200000000000002")
    return Counter(re.sub(r" \(.*\)$", "", post.message or "") for page in pages for post in control.posts(page))


@pytest.mark.timeout(600)
def test_a_newcomer_follows_the_readme_and_an_administrator_the_training(run, environment):
    """From `make run` to the first own post within five minutes; then every step of the training, in its order.

    In a folder that an interrupted start has left: that is good, too.
    """
    interrupt_a_start(run)
    started = time.monotonic()
    running = run()
    running.wait_for("Ctrl-C stops everything.", seconds=150)
    [(_, first)] = marked(PROJECT / "README.md").items()
    done = follow(environment, first)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Ola has approved it." in done.stdout
    [address] = re.findall(r"It is live: (\S+)", done.stdout)
    assert requests.get(address, timeout=10).ok
    assert live(environment)["Hello from our camp!"] == 1
    assert time.monotonic() - started < 300

    said = {}
    for name, block in marked(PROJECT / "docs" / "training.md").items():
        # The doctor ends with 1 where it finds something, as it shall in these steps.
        has_doctor = "doctor" in block
        options = "set -uo pipefail\n" if has_doctor else "set -euo pipefail\n"
        done = follow(environment, options + block, shell=("make", "shell"))
        assert done.returncode == 0 or has_doctor, (name, done.stdout, done.stderr)
        said[name] = done.stdout + done.stderr
    assert "ok   database" in said["look"]
    assert live(environment)["Training: the first post"] == 1
    assert "Training: the first post" in said["show"]
    assert "goes out at" in said["requeue"]
    assert live(environment)["Training: no answer"] == 1
    assert "All publishing is paused by" in said["pause"]
    assert "All publishing is open again" in said["pause"]
    assert "is connected to LARP" in said["reconnect"]
    assert "The audit log is whole" in said["prove"]
    assert "Archive created at" in said["dump"]
    assert live(environment)["This one breaks a rule of Facebook."] == 1
    check_a_running_stack(running)
    assert not any("redis-server" in process for process in running.left_over())
    end_clean(running)


@needs_redis
def test_with_celery_it_runs_redis_and_ends_clean_on_ctrl_c(run):
    """The state folder stays for the next start; only the processes go."""
    running = run("run-celery")
    running.wait_for("Ctrl-C stops everything.", seconds=150)
    check_a_running_stack(running)
    assert any("redis-server" in process for process in running.left_over())
    end_clean(running, signal.SIGINT)


def check_a_running_stack(running: Run) -> None:
    """It prints its addresses, and refuses a second start in the same folder."""
    output = running.log.read_text()
    assert re.search(r"Airflow   http://127\.0\.0\.1:\d+   login admin, password \S{20,}", output)
    assert "/pages" in output
    second = running.again()
    assert second.returncode == 1
    assert "Already running" in second.stderr
    assert str(running.process.pid) in second.stderr


def end_clean(running: Run, number: signal.Signals = signal.SIGTERM) -> None:
    assert running.left_over()
    assert running.end(number) == 0
    assert running.left_over() == []


def interrupt_a_start(run: Callable[..., Run]) -> None:
    """Ctrl-C in the middle leaves no process."""
    first = run()
    first.wait_for("Preparing Airflow's metadata", seconds=60)
    assert first.end(signal.SIGINT) == 0
    assert first.left_over() == []
