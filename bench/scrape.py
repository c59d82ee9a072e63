"""A scrape of /socialpub/metrics beside a million posts and as many events. `python -m bench.scrape [rows]`."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import requests
import uvicorn
from fastapi import FastAPI

from bench.claim import add_history
from bench.figure import Figure, Limit, Line
from bench.fresh_database import ADD_PAGES, FreshDatabase, fresh_database
from bench.summary import summarise
from socialpub.access_settings import MetricsAccess
from socialpub.api.app import create_app
from socialpub.api.resources import Resources
from socialpub.db.engine import open_engine
from socialpub.settings import Settings

ROWS = 1_000_000
PAGES = 1_000
SCRAPES = 100
REQUIRED_MS = 50
TOKEN = "bench"  # noqa: S105 - of a server that lives for a minute

ADD_EVENTS: LiteralString = """
insert into social_outbox (event, dedupe_key, larp_id, created_at, routed_at, delivered_at)
select 'SocialPublishSucceededEvent', n, ids[1 + n %% cardinality(ids)], now(), now(), now()
from (select array_agg(id) as ids from larps) as larp cross join generate_series(1, %(rows)s) as n
"""
# A minute's worth of a busy hour that no scan has summed up yet.
ADD_CHANGES: LiteralString = """
insert into social_metric_changes (metric, labels, amount)
select 'social_publish_lateness_seconds', array['direct', '1'], 1 from generate_series(1, 2000)
"""


@contextmanager
def serve(database: FreshDatabase) -> Iterator[str]:
    """The plugin's app over HTTP; yields the address of its metrics."""
    url, root = database.url("socialpub_airflow"), FastAPI()
    resources = Resources(
        lambda: open_engine(url, pool_size=2), settings=lambda: Settings(metrics=MetricsAccess(TOKEN))
    )
    root.mount("/socialpub", create_app(resources))
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(root, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/socialpub/metrics"
    finally:
        server.should_exit = True
        thread.join(10)
        resources.close()


def scrape(url: str, count: int) -> list[float]:
    """Milliseconds of each, over one connection, as Prometheus keeps it; two warm up."""
    times = []
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        for _ in range(count + 2):
            started = time.monotonic()
            session.get(url, timeout=30).raise_for_status()
            times.append(1000 * (time.monotonic() - started))
    return times[2:]


def measure(rows: int) -> Line:
    with fresh_database() as database:
        database.prepare(ADD_PAGES, pages=PAGES)
        add_history(database, 1, rows)
        database.prepare(ADD_EVENTS, rows=rows)
        database.prepare(ADD_CHANGES)
        with database.connect() as connection:
            connection.execute("vacuum analyze")
        with serve(database) as url:
            times = scrape(url, SCRAPES)
        details = {"rows": rows, **database.load.read()}
    return Figure("scrape_1m", "ms", summarise(times), Limit("p95", REQUIRED_MS), details=details).line()


def main() -> None:
    print(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else ROWS)))


if __name__ == "__main__":
    main()
