"""Real parts for all tests: an embedded PostgreSQL, one fresh database a test from a migrated template."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Engine, make_url
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

from graph_sandbox.server import SandboxServer
from local_stack.postgres import EmbeddedPostgres
from socialpub.db.engine import open_engine
from socialpub.db.schema import upgrade
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from tests.front import Front

# Airflow, where a test imports it, must not look at the home of whoever runs the tests.
_airflow_home = tempfile.TemporaryDirectory(prefix="airflow-")
os.environ["AIRFLOW_HOME"] = _airflow_home.name

_numbers = itertools.count(1)
# Nothing in this server outlives the tests, so nothing has to be on a disk; tests/local_stack and tests/chaos crash
# servers that keep what they promise.
_IN_A_HURRY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
TOKEN_KEY = Fernet.generate_key().decode()


class _ByFolder(LoadScopeScheduling):
    """A folder of tests stays in one process, and so with its stack."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0].rpartition("/")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    return _ByFolder(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Waking up is measured in seconds, so it is first in its folder: tests/chaos beside it only watches then."""
    folders = list(dict.fromkeys(item.path.parent for item in items))
    items.sort(key=lambda item: (folders.index(item.path.parent), item.path.name != "test_wake_up.py"))


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path_factory.mktemp("pg") / "data", _IN_A_HURRY)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sandbox_server() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture(scope="session")
def front() -> Iterator[Front]:
    front = Front()
    yield front
    front.stop()


def _execute(server: EmbeddedPostgres, statement: str) -> None:
    with psycopg.connect(libpq(server.url("postgres")), autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def libpq(url: str) -> str:
    """A SQLAlchemy URL as psycopg itself takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def template(postgres: EmbeddedPostgres) -> str:
    """The name of a migrated, empty database."""
    _execute(postgres, "create database socialpub_template")
    upgrade(postgres.url("socialpub_template"))
    for login, group in (
        ("airflow_login", "socialpub_worker"),
        ("backoffice_login", "socialpub_backoffice"),
        ("report_login", "socialpub_readonly"),
    ):
        _execute(postgres, f"create role {login} login in role {group}")
    return "socialpub_template"


@dataclass(frozen=True)
class World:
    """One fresh database with a LARP and its connected Page, and the ways in."""

    server: EmbeddedPostgres
    name: str

    def url(self, user: str) -> str:
        return self.server.url(self.name, user=user)

    def connect(self, user: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(libpq(self.url(user)), autocommit=True)

    def engine(self, *, pool_size: int = 4) -> Engine:
        """As the publisher logs in, with its few rights."""
        return open_engine(self.url("airflow_login"), pool_size=pool_size)

    def one(self, query: str, *params: object) -> tuple:
        with self.connect() as connection:
            row = connection.execute(query, params).fetchone()  # type: ignore[arg-type]
        assert row is not None, query
        return row

    def run(self, statement: str, *params: object, user: str = "postgres") -> None:
        with self.connect(user) as connection:
            connection.execute(statement, params)  # type: ignore[arg-type]

    def add_page(
        self, page_id: str = "200000000000001", *, name: str = "Larpowe Kroniki", token: str | None = None
    ) -> UUID:
        """A LARP with its connected Page; returns the LARP's id."""
        token = token or f"EAAGpage{page_id}"
        (larp_id,) = self.one("insert into larps (title, time_zone) values (%s, 'Europe/Warsaw') returning id", name)
        self.run(
            "insert into facebook_page_connections (larp_id, page_id, page_name, access_token) values (%s, %s, %s, %s)",
            larp_id, page_id, name, TokenCipher([TOKEN_KEY]).encrypt(Secret(token)),
        )  # fmt: skip
        return larp_id

    def add_draft(
        self, larp_id: UUID, *, body: str = "Zapraszamy!", title: str = "Zapisy", link: str | None = None
    ) -> UUID:
        """An approved draft, written as the backoffice writes it."""
        with self.connect("backoffice_login") as connection, connection.transaction():
            row = connection.execute(
                "insert into social_drafts (larp_id, title, body, link, status, created_by)"
                " values (%s, %s, %s, %s, 'approved', 'anna') returning id",
                (larp_id, title, body, link),
            ).fetchone()
            assert row is not None
            connection.execute(
                "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')", row
            )
        return row[0]

    def add_media_draft(self, larp_id: UUID, *assets: dict[str, object], body: str = "Zdjęcia!") -> UUID:
        """An approved draft with assets in their order, written as the backoffice writes it."""
        with self.connect("backoffice_login") as connection, connection.transaction():
            row = connection.execute(
                "insert into social_drafts (larp_id, title, body, status, created_by)"
                " values (%s, 'Galeria', %s, 'approved', 'anna') returning id",
                (larp_id, body),
            ).fetchone()
            assert row is not None
            for position, asset in enumerate(assets, start=1):
                columns = {"draft_id": row[0], "position": position, **asset}
                connection.execute(
                    f"insert into social_draft_assets ({', '.join(columns)})"
                    f" values ({', '.join(['%s'] * len(columns))})",
                    list(columns.values()),
                )
            connection.execute(
                "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')", row
            )
        return row[0]

    def schedule(self, larp_id: UUID, *, due_in: float = 0, **draft: str) -> UUID:
        """A scheduled post, due that many seconds from now (negative: before)."""
        return self.schedule_draft(self.add_draft(larp_id, **draft), due_in=due_in)

    def schedule_draft(self, draft_id: UUID, *, due_in: float = 0) -> UUID:
        with self.connect("backoffice_login") as connection:
            row = connection.execute(
                "insert into social_scheduled_posts (draft_id, publish_at)"
                " values (%s, now() + make_interval(secs => %s)) returning id",
                (draft_id, due_in),
            ).fetchone()
        assert row is not None
        return row[0]

    def status(self, post_id: UUID) -> str:
        return self.one("select status from social_scheduled_posts where id = %s", post_id)[0]


@pytest.fixture
def world(postgres: EmbeddedPostgres, template: str) -> Iterator[World]:
    name = f"test_{next(_numbers)}"
    _execute(postgres, f"create database {name} template {template}")
    yield World(postgres, name)
    _execute(postgres, f"drop database {name} with (force)")
