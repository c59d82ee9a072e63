"""The one folder that holds all state, and the ports. Deleting the folder forgets everything."""

from __future__ import annotations

import json
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from cryptography.fernet import Fernet

PROJECT = Path(__file__).resolve().parent.parent.parent


class StackError(Exception):
    """The stack can't start or has broken; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Ports:
    airflow: int = 8080
    sandbox: int = 8090
    inbox: int = 8091
    inbox_smtp: int = 8092
    worker_log: int = 8793
    trigger_log: int = 8794

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Ports:
        """`SOCIALPUB_AIRFLOW_PORT` and so on. Raises `StackError` for what is no port."""
        chosen = {}
        for field in fields(cls):
            text = environment.get(variable(field.name), "")
            if text and not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
                raise StackError(f"{variable(field.name)} is “{text}”. Next: set it to a port, 1 to 65535.")
            if text:
                chosen[field.name] = int(text)
        return cls(**chosen)

    @classmethod
    def free(cls) -> Ports:
        """Ports that nobody listens on now, for tests beside a running stack."""
        listeners = [socket.create_server(("127.0.0.1", 0)) for _ in fields(cls)]
        numbers = [listener.getsockname()[1] for listener in listeners]
        for listener in listeners:
            listener.close()
        return cls(*numbers)

    def require_free(self) -> None:
        """Raises `StackError` naming the taken port and the variable that moves it."""
        for field in fields(self):
            port = getattr(self, field.name)
            if is_listening(port):
                raise StackError(
                    f"Port {port} is taken. Next: stop what listens there, or set {variable(field.name)} to another."
                )


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def variable(port: str) -> str:
    return f"SOCIALPUB_{port.upper()}_PORT"


@dataclass(frozen=True, slots=True)
class Home:
    """The state folder."""

    path: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Home:
        return cls(Path(environment.get("SOCIALPUB_HOME") or PROJECT / ".socialpub").resolve())

    @property
    def airflow(self) -> Path:
        return self.path / "airflow"

    @property
    def media(self) -> Path:
        """Where the photos and videos of posts are looked for."""
        return self.path / "media"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def postgres(self) -> Path:
        return self.path / "pgdata"

    @property
    def lock(self) -> Path:
        return self.path / "running.json"

    def secret(self, name: str) -> str:
        """A secret of this installation, made at its first use and readable by its owner only."""
        path = self.path / "secrets.json"
        known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
        if name not in known:
            known[name] = Fernet.generate_key().decode() if name.endswith("fernet_key") else secrets.token_urlsafe(24)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(known, file)
        return known[name]
