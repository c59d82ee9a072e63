"""One long-running program in a process group of its own, so that its children end with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import psutil

from local_stack.state import StackError

_GRACE_SECONDS = 10
_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass
class Component:
    name: str
    command: Sequence[str]
    log: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab" if self.process else "wb") as file:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=dict(self.environment),
                start_new_session=True,
            )

    @property
    def has_ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def kill(self) -> None:
        """SIGKILL to it and to everything it started, at once."""
        for process in _members(self.pid) if self.pid else []:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        if self.process is not None:
            self.process.wait()

    def require_alive(self) -> None:
        """Raises `StackError` with the end of its log once it has ended by itself."""
        if self.process is not None and self.has_ended:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            raise StackError(f"{self.name} ended with code {self.process.returncode}. Its log, {self.log}:\n{tail}")

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None


def turn_signals_into_interrupts() -> None:
    """Let SIGTERM and SIGHUP end this program like Ctrl-C, so that what it started is stopped."""
    for number in _ENDING:
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    # A second signal must not tear the stopping apart.
    for again in _ENDING:
        signal.signal(again, signal.SIG_IGN)
    raise KeyboardInterrupt


def stop_groups(groups: Sequence[int]) -> None:
    """SIGTERM to each group, SIGKILL to what is left after the grace time; returns when none is left."""
    members = [process for group in groups for process in _members(group)]
    for group in groups:
        _signal(group, signal.SIGTERM)
    deadline = time.monotonic() + _GRACE_SECONDS
    while any(_is_running(process) for process in members) and time.monotonic() < deadline:
        time.sleep(0.1)
    for group in groups:
        _signal(group, signal.SIGKILL)
    for process in members:
        if _is_running(process):
            process.kill()
    psutil.wait_procs(members, timeout=5)


def _members(group: int) -> list[psutil.Process]:
    """The group and all its descendants: Airflow's components put some of theirs into other groups."""
    try:
        leader = psutil.Process(group)
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return


def _is_running(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
