"""Redis as Celery's broker: the system's redis-server on a free local port, in memory only, behind a password."""

from __future__ import annotations

import os
import shutil
import socket
from functools import cached_property

from celery import Celery

from local_stack.state import Home, StackError

# Nothing is kept: a lost message is a task that Airflow queues again and a post that the scan takes back.
_SETTINGS = """
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
save ""
appendonly no
"""


class Broker:
    """The port is chosen here, so nobody has to keep one free for it."""

    def __init__(self, home: Home) -> None:
        self._home = home

    def prepare(self) -> list[str]:
        """Write its settings; returns the command that starts it. Raises `StackError` where Redis is not installed."""
        program = shutil.which("redis-server")
        if program is None:
            raise StackError(
                "Celery needs Redis, and there is no redis-server here. Next: apt-get install redis-server."
            )
        path = self._home.path / "redis.conf"
        # A file, because the arguments of a process are everybody's to read.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(_SETTINGS.format(port=self._port, password=self._password, folder=path.parent))
        return [program, str(path)]

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def answering_workers(self) -> set[str]:
        """The names of the workers that answer within a second."""
        with Celery(broker=self.url) as app, app.connection_for_write() as connection:
            # A connection of its own: Celery's pool would hand out one to a Redis that has been started anew since.
            answers = app.control.ping(timeout=1, connection=connection)
        return {name.partition("@")[2] for answer in answers for name in answer}

    @property
    def _password(self) -> str:
        return self._home.secret("redis_password")

    @cached_property
    def _port(self) -> int:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port: int = listener.getsockname()[1]
        return port
