"""Listing and creating drafts over HTTP beside a million drafts, twenty clients. `python -m bench.api_load [rows]`.

The plugin's app runs in a process of its own, as in Airflow's API server with one worker. First each client is a
person: half a second between two requests. That is what is required. Then all clients ask without a pause, which shows
what one process can take; how long a request waits then is the queue, and no requirement.
"""

from __future__ import annotations

import json
import multiprocessing
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI
from sqlalchemy import Engine

from bench.api_clients import CLIENTS, ISSUER, THINKING_SECONDS, Times, at_work, write_public_key
from bench.figure import Figure, Limit, Line
from bench.fresh_database import ADD_DRAFTS, ADD_PAGES, FreshDatabase, fresh_database
from bench.summary import summarise
from socialpub.access_settings import TokenSettings
from socialpub.api.app import create_app
from socialpub.api.resources import Resources
from socialpub.console.app import create_console
from socialpub.db.engine import open_engine
from socialpub.graph.client import GraphClient
from socialpub.graph.settings import GraphSettings
from socialpub.hooks.connections import APP_PREFIX
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.connections import FacebookConnectionService
from socialpub.settings import Settings

ROWS = 1_000_000
LARPS = 1_000
SECONDS = 20.0
REQUIRED_MS = 50


def run_server(database_url: str, keys: str, port: int) -> None:
    """Until the process is killed."""
    settings = Settings(tokens=TokenSettings(issuer=ISSUER, keys=keys))
    resources = Resources(
        lambda: open_engine(database_url),
        open_service=_open_service,
        public_url=lambda: f"http://127.0.0.1:{port}{APP_PREFIX}",
        settings=lambda: settings,
    )
    root = FastAPI()
    root.mount(f"{APP_PREFIX}/console", create_console(resources))
    root.mount(APP_PREFIX, create_app(resources))
    uvicorn.run(root, host="127.0.0.1", port=port, log_config=None, access_log=False)


def _open_service(engine: Engine) -> FacebookConnectionService:
    """What the console's forms are sealed with; nothing here asks Facebook."""
    app = GraphSettings("100000000000001", Secret("bench"), graph_url="http://127.0.0.1:9")
    return FacebookConnectionService(engine, GraphClient(app), TokenCipher([Fernet.generate_key().decode()]))


@contextmanager
def serve(database: FreshDatabase, keys: str) -> Iterator[str]:
    """The address of the app, once it listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    # A new interpreter: this one has threads and an open database.
    process = multiprocessing.get_context("spawn").Process(
        target=run_server, args=(database.url("socialpub_airflow"), keys, port), daemon=True
    )
    process.start()
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}/socialpub"
    finally:
        process.kill()
        process.join()


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def measure(rows: int) -> Iterator[Line]:
    key = Ed25519PrivateKey.generate()
    with fresh_database() as database, tempfile.TemporaryDirectory(prefix="socialpub-bench-") as folder:
        keys = write_public_key(key, Path(folder) / "keys.pem")
        database.prepare(ADD_PAGES, pages=LARPS)
        database.prepare(ADD_DRAFTS, rows=rows)
        with database.connect() as connection:
            connection.execute("vacuum analyze")
            larps = [larp for (larp,) in connection.execute("select id from larps").fetchall()]
        with serve(database, str(keys)) as url:
            _work(url, key, larps, THINKING_SECONDS)  # Warms up.
            calm = _work(url, key, larps, THINKING_SECONDS)
            pressed = _work(url, key, larps, 0.0)
            load = database.load.read()
    for name in ("list", "create"):
        full = summarise(pressed[name])
        details = {
            "drafts": rows,
            "clients": CLIENTS,
            "without_pause": {"requests_per_s": round(2 * full.n / SECONDS, 1), "p50": round(full.p50, 1),
                              "p95": round(full.p95, 1)},
            **load,
        }  # fmt: skip
        yield Figure(f"api_{name}_1m", "ms", summarise(calm[name]), Limit("p95", REQUIRED_MS), details=details).line()


def _work(url: str, key: Ed25519PrivateKey, larps: list[Any], pause: float) -> Times:
    with at_work(url, key, larps, pause) as times:
        time.sleep(SECONDS)
    return times


def main() -> None:
    for line in measure(int(sys.argv[1]) if sys.argv[1:] else ROWS):
        print(json.dumps(line))


if __name__ == "__main__":
    main()
