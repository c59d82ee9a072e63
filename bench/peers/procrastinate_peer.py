"""procrastinate: jobs in PostgreSQL, scheduled for one second, one worker."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from bench.arrivals import read_arrivals
from bench.figure import Peer
from bench.peers.bare import PeerError
from bench.peers.order import Order, make_orders
from bench.peers.procrastinate_worker import build_app
from bench.peers.quiet import next_quiet_second
from bench.stage import Stage
from bench.summary import summarise

CONCURRENCIES = (100, 300)
_DATABASE = "bench_procrastinate"
_PATIENCE_SECONDS = 60


def run_procrastinate(stage: Stage, count: int) -> list[Peer]:
    """One peer a concurrency, the best first."""
    peers = [_run(stage, count, concurrency) for concurrency in CONCURRENCIES]
    return sorted(peers, key=lambda peer: peer.summary.p95)


def _run(stage: Stage, count: int, concurrency: int) -> Peer:
    name = f"procrastinate {concurrency}"
    stage.report(f"Peer {name}, {count} posts")
    orders = make_orders(stage.pages(count), label=name)
    database = _fresh_database(stage)
    with _worker(database, concurrency):
        due_at = next_quiet_second(5 + count / 500)
        asyncio.run(_defer(database, stage.sandbox.base_url, orders, due_at))
        if time.time() > due_at - 1:
            raise PeerError(f"{name}: the jobs were not written in time")
        stage.wait_until(due_at)
        _wait_until_saved(database, count)
    arrived = read_arrivals(stage.sandbox, [order.message for order in orders], since=due_at - 1)
    if not arrived.is_exactly_once:
        raise PeerError(f"{name}: {arrived.missing} posts are missing, {arrived.repeated} came again")
    return Peer(name, summarise(arrived.lateness(due_at)))


def _fresh_database(stage: Stage) -> str:
    """Empty tables in the same server, so that neither run inherits the other's rows."""
    stage.owner.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(_DATABASE)))
    stage.owner.execute(sql.SQL("create database {}").format(sql.Identifier(_DATABASE)))
    url = make_url(stage.stack.postgres.url(_DATABASE)).set(drivername="postgresql")
    database = url.render_as_string(hide_password=False)
    with psycopg.connect(database) as connection:
        connection.execute("create table peer_posts (message text primary key, facebook_post_id text not null)")
    asyncio.run(_apply_schema(database))
    return database


async def _apply_schema(database: str) -> None:
    app, _ = build_app(database)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def _defer(database: str, url: str, orders: Sequence[Order], due_at: float) -> None:
    app, _ = build_app(database)
    jobs: list[dict[str, Any]] = [
        {"url": url + order.path, "token": order.token, "form": order.form} for order in orders
    ]
    async with app.open_async():
        await app.configure_task("publish", schedule_at=datetime.fromtimestamp(due_at, UTC)).batch_defer_async(*jobs)


@contextmanager
def _worker(database: str, concurrency: int) -> Iterator[None]:
    command = [sys.executable, "-m", "bench.peers.procrastinate_worker", database, str(concurrency)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(2)  # It is up and waits before the jobs are written.
        yield
        if process.poll() is not None:
            raise PeerError(f"the procrastinate worker ended with {process.returncode}")
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_until_saved(database: str, count: int) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with psycopg.connect(database, autocommit=True) as connection:
        while connection.execute("select count(*) from peer_posts").fetchone() != (count,):
            if time.monotonic() > deadline:
                raise PeerError(f"not all {count} posts were saved within {_PATIENCE_SECONDS} s")
            time.sleep(0.5)
