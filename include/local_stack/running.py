"""The stack that runs in the state folder, as a second terminal finds it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

import psutil

from local_stack.state import Home, StackError

_FILE = "environment.json"


@dataclass(frozen=True, slots=True)
class Running:
    home: Home
    url: str
    environment: dict[str, str]
    """What its components find in theirs."""

    @property
    def database(self) -> str:
        """For libpq, as the backoffice."""
        return f"host={self.environment['PGHOST']} user=socialpub_backoffice_app dbname=socialpub"

    def password(self, login: str) -> str:
        return self.home.secret(f"{login}_password")


def write_environment(home: Home, environment: dict[str, str]) -> None:
    """For the owner only: it holds the secrets. What the starter's own environment says is left out."""
    own = {name: value for name, value in environment.items() if os.environ.get(name) != value}
    descriptor = os.open(home.path / _FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(own, file)


def find_running(home: Home) -> Running:
    """Raises `StackError` when none runs there."""
    lock = json.loads(home.lock.read_text()) if home.lock.exists() else None
    if lock is None or not psutil.pid_exists(lock["pid"]):
        raise StackError(f"Nothing runs in {home.path}. Next: start it in another terminal with make run.")
    return Running(home, lock["url"], json.loads((home.path / _FILE).read_text()))
