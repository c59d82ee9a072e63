"""The running stack with its Pages, shared by all figures of a run and started by the first that needs it."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import psycopg
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import make_url

from bench.api_clients import ISSUER, write_public_key
from bench.posts import Batch, BenchPage, connect_pages, count_published
from bench.progress import Report
from graph_sandbox.control import SandboxControl
from local_stack.airflow_api import AirflowApi
from local_stack.stack import OUR_DAGS, Stack
from local_stack.state import PROJECT
from socialpub.models.encrypted import TokenCipher

if TYPE_CHECKING:
    from bench.burst import Burst

LATENCY_SECONDS = 0.3
"""How long the sandbox takes to answer, about as long as Facebook does."""
PLAIN_DAG = "bench_plain_airflow"
_BACKOFFICE = "socialpub_backoffice_app"


class BenchError(Exception):
    """The run can't go on; the message says why."""


class Stage:
    def __init__(self, report: Report, *, video_bytes: int = 1 << 30) -> None:
        self.report = report
        self.video_bytes = video_bytes
        self._exits = ExitStack()
        self._pages: list[BenchPage] = []
        self.bursts: dict[int, Burst] = {}
        self.signer = Ed25519PrivateKey.generate()
        """The backoffice's key: whoever has it makes tokens for the API."""

    @cached_property
    def stack(self) -> Stack:
        """Up and healthy, the sandbox as slow as Facebook."""
        home = Path(tempfile.mkdtemp(prefix="socialpub-bench-"))
        self._exits.push(lambda kind, *_: None if kind else shutil.rmtree(home, ignore_errors=True))
        dags = home / "dags"
        for folder in ("dags", "bench/dags"):
            shutil.copytree(PROJECT / folder, dags, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        # Two keys, as during a rotation; tokens are stored under the first.
        keys = ",".join(Fernet.generate_key().decode() for _ in range(2))
        environment = {
            "SOCIALPUB_TOKEN_KEYS": keys,
            "SOCIALPUB_JWT_ISSUER": ISSUER,
            "SOCIALPUB_JWT_KEYS": str(write_public_key(self.signer, home / "backoffice.pem")),
        }
        stack = self._exits.enter_context(Stack(home, dags_folder=dags, environment=environment, report=self.report))
        stack.wait_until_ready(dags=(*OUR_DAGS, PLAIN_DAG))
        stack.sandbox.set_latency(LATENCY_SECONDS)
        return stack

    @property
    def is_running(self) -> bool:
        return "stack" in self.__dict__

    @cached_property
    def airflow(self) -> AirflowApi:
        return self.stack.airflow

    @cached_property
    def sandbox(self) -> SandboxControl:
        return self.stack.sandbox

    @cached_property
    def backoffice(self) -> psycopg.Connection:
        """With the rights of a backoffice, every statement committed by itself."""
        return self._connect(self.stack.database_url(_BACKOFFICE))

    @cached_property
    def owner(self) -> psycopg.Connection:
        """For what a backoffice may not do: connecting Pages, closing the gate."""
        return self._connect(self.stack.database_url())

    def pages(self, count: int) -> list[BenchPage]:
        if missing := range(len(self._pages), count):
            self.report(f"Connecting {len(missing)} Pages")
            cipher = TokenCipher.from_keys(self.stack.token_keys)
            self._pages += connect_pages(self.owner, self.sandbox, cipher, missing)
        return self._pages[:count]

    def wait_until_published(self, batch: Batch, *, seconds: float) -> int:
        """How many of the posts are published when all are, or when the time is up."""
        deadline = time.monotonic() + seconds
        while (done := count_published(self.backoffice, batch)) < len(batch.post_ids) and time.monotonic() < deadline:
            self.stack.require_alive()
            time.sleep(0.5)
        return done

    def wait_until(self, instant: float) -> None:
        """Unix seconds."""
        time.sleep(max(0.0, instant - time.time()))

    def _connect(self, url: str) -> psycopg.Connection:
        libpq = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        return self._exits.enter_context(psycopg.connect(libpq, autocommit=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_running and kind is not None:
            self.report(f"The logs stay in {self.stack.home.logs}")
        self._exits.__exit__(kind, error, trace)


def as_instant(unix_seconds: float) -> datetime:
    return datetime.fromtimestamp(unix_seconds, UTC)
