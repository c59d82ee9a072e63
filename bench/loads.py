"""What may go on beside the publishing: nothing, scrapes of the metrics, deliveries for which everything goes wrong."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Protocol, Self

import requests

from bench.mail_servers import MoodyServer
from bench.stage import BenchError, Stage

_EVENTS_EACH = 84
"""1,008 in the twelve bursts of a run."""
_DAG = "deliver_notifications"
_MOODS = ("refuses", "hangs", "dies_before", "well", "dies_after", "hangs_after")
_STRUCK_EVERY = 9
_MOMENTS = (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0)
"""Seconds from the burst to its scrape."""
_DRAIN_SECONDS = 60


class Load(Protocol):
    def beside(self, due_at: float) -> None:
        """Go on from now until just after `due_at` (Unix seconds)."""


class Nothing:
    def beside(self, due_at: float) -> None:
        """The stack alone."""


class Scrapes:
    """One a burst, each time at another moment around it, once in its very second.

    Of scrapes every 15 s, one in a hundred would meet so short a burst; here one in six does.
    """

    def __init__(self, url: str) -> None:
        self._session = requests.Session()
        self._url = f"{url}/socialpub/metrics"
        self._moments = itertools.cycle(_MOMENTS)
        self.seconds: list[float] = []

    def beside(self, due_at: float) -> None:
        time.sleep(max(0.0, due_at + next(self._moments) - time.time()))
        started = time.monotonic()
        self._session.get(self._url, timeout=15).raise_for_status()
        self.seconds.append(time.monotonic() - started)


class Deliveries:
    """New messages, each time a mail server of another mood and a worker that is killed; a context manager.

    The stack's own deliveries pause meanwhile: they would take the messages to the stack's own inbox.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._moods = itertools.cycle(_MOODS)
        self._parts = ExitStack()
        self.killed = 0
        self.events = 0

    def __enter__(self) -> Self:
        with ExitStack() as parts:
            self._mail = parts.enter_context(MoodyServer())
            parts.enter_context(_own_deliveries_paused(self._stage))
            self._make_route()
            self._tell(1)  # So that the worker has loaded all that a message takes before its first child.
            self._worker = parts.enter_context(_worker(self._stage, self._mail.port))
            self._parts = parts.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._parts.close()

    def beside(self, due_at: float) -> None:
        """At work from two seconds before until a second after, then killed."""
        self._mail.handler.mood, self._mail.handler.every = next(self._moods), _STRUCK_EVERY
        self._tell(_EVENTS_EACH)
        time.sleep(max(0.0, due_at - 2 - time.time()))
        self._order("start")
        time.sleep(max(0.0, due_at + 1 - time.time()))
        self._order("kill")
        self.killed += 1

    def deliver_the_rest(self) -> dict[str, int]:
        """The mail server is well again. How many events were told, how many twice, and how many were given up."""
        beside = len(self._mail.handler.copies())
        self._mail.handler.mood = "well"
        self._order("start")
        deadline = time.monotonic() + _DRAIN_SECONDS
        while self._count("delivered_at is null and dead_at is null") and time.monotonic() < deadline:
            time.sleep(0.5)
        self._order("kill")
        copies = self._mail.handler.copies()
        return {
            "events": self.events,
            "told_beside_bursts": beside,
            "told": len(copies),
            "twice": sum(number == 2 for number in copies.values()),
            "more_often": sum(number > 2 for number in copies.values()),
            "given_up": self._count("dead_at is not null"),
            "left": self._count("delivered_at is null and dead_at is null"),
        }

    def _make_route(self) -> None:
        self._stage.owner.execute("update social_outbox set routed_at = now() where routed_at is null")
        self._stage.owner.execute(
            "insert into social_notification_routes (event, channel, recipient)"
            " values ('page_paused', 'email', 'bench@larp.example')"
        )

    def _tell(self, events: int) -> None:
        self._stage.owner.execute(
            "insert into social_outbox (event, dedupe_key, payload)"
            " select 'page_paused', concat('bench ', %s, ' ', n), jsonb_build_object('page_name', 'Page ' || n)"
            " from generate_series(1, %s) as n",
            (self.events, events),
        )
        self.events += events

    def _count(self, condition: str) -> int:
        query = f"select count(*) from social_outbox where dedupe_key like 'bench %%' and {condition}"  # noqa: S608
        return int(self._stage.owner.execute(query).fetchone()[0])  # type: ignore[index]

    def _order(self, word: str) -> None:
        assert self._worker.stdin is not None and self._worker.stdout is not None, "both are pipes"
        print(word, file=self._worker.stdin, flush=True)
        if "done\n" not in iter(self._worker.stdout.readline, ""):
            raise BenchError("The worker that delivers has died by itself.")


@contextmanager
def _own_deliveries_paused(stage: Stage) -> Iterator[None]:
    stage.airflow.pause(_DAG, is_paused=True)
    try:
        yield
    finally:
        stage.owner.execute("delete from social_notification_routes where recipient = 'bench@larp.example'")
        stage.airflow.pause(_DAG, is_paused=False)


@contextmanager
def _worker(stage: Stage, port: int) -> Iterator[subprocess.Popen[str]]:
    extra = {"from_email": "social@larp.example", "disable_ssl": True, "disable_tls": True, "timeout": 1}
    mail = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
    environment = {**stage.stack.environment, "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(mail)}
    worker = subprocess.Popen(
        [sys.executable, "-m", "bench.delivery_worker", stage.stack.database_url("socialpub_airflow")],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert worker.stdin is not None and worker.stdout is not None, "both are pipes"
        if "ready\n" not in iter(worker.stdout.readline, ""):  # Airflow prints what it likes before.
            raise BenchError("The worker that delivers did not start.")
        yield worker
        worker.stdin.close()
        worker.wait(10)
    finally:
        worker.kill()
