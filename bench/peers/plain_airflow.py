"""Airflow with one plain mapped task a post, started at the second by its API."""

from __future__ import annotations

import time

from psycopg import sql

from bench.arrivals import Arrivals, read_arrivals
from bench.figure import Peer
from bench.peers.bare import PeerError
from bench.peers.order import make_orders
from bench.peers.quiet import next_quiet_second
from bench.stage import PLAIN_DAG, Stage
from bench.summary import summarise

_PATIENCE_SECONDS = 120


def run_plain_airflow(stage: Stage, count: int) -> Peer:
    """With our tuned configuration. Its tasks take seconds each to start, so only few posts are measured."""
    stage.report(f"Peer plain Airflow, {count} posts")
    orders = make_orders(stage.pages(count), label="plain Airflow")
    posts = [
        {"url": stage.sandbox.base_url + order.path, "form": order.form, "headers": order.headers} for order in orders
    ]
    conf = {"database": _prepare_table(stage), "posts": posts}
    due_at = next_quiet_second(2)
    stage.wait_until(due_at)
    stage.airflow.trigger(PLAIN_DAG, conf)
    arrived = _wait_for_arrivals(stage, [order.message for order in orders], since=due_at)
    if not arrived.is_exactly_once:
        raise PeerError(f"plain Airflow: {arrived.missing} posts are missing, {arrived.repeated} came again")
    return Peer("plain Airflow", summarise(arrived.lateness(due_at)))


def _prepare_table(stage: Stage) -> str:
    stage.owner.execute(
        sql.SQL("create table if not exists public.peer_posts (message text primary key, facebook_post_id text)")
    )
    return stage.owner.info.dsn


def _wait_for_arrivals(stage: Stage, messages: list[str], *, since: float) -> Arrivals:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        arrived = read_arrivals(stage.sandbox, messages, since=since)
        if not arrived.missing or time.monotonic() > deadline:
            return arrived
        time.sleep(2)
