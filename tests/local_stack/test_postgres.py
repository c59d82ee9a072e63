"""The embedded server outlives its crash and is gone after its stop."""

from __future__ import annotations

from pathlib import Path

import psutil
import psycopg
import pytest
from tests.conftest import libpq

from local_stack.postgres import EmbeddedPostgres


def test_a_server_that_crashed_is_back_with_its_data_and_still_stops(tmp_path: Path):
    """What was committed is there, what was open is cut off, and no process is left in the end."""
    server = EmbeddedPostgres(tmp_path / "data")
    server.start()
    try:
        address = libpq(server.url("postgres"))
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("create table kept (n int)")
            crashed = int((server.data_dir / "postmaster.pid").read_text().split()[0])
            server.crash_and_restart()
            psutil.wait_procs([psutil.Process(crashed)] if psutil.pid_exists(crashed) else [], timeout=15)
            with pytest.raises(psycopg.OperationalError):
                connection.execute("select 1")
        with psycopg.connect(address) as connection:
            assert connection.execute("select count(*) from kept").fetchone() == (0,)
    finally:
        server.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address, connect_timeout=2)
