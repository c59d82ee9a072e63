"""Foreseeable trouble around a task: each ends in a message with the next step, on the row where there is one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from tests.conftest import TOKEN_KEY, World

import socialpub.db.clock
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET
from socialpub.errors import ConfigurationError, DatabaseUnavailableError, SchemaError, TokenKeyError
from socialpub.hooks.facebook import FacebookHook
from socialpub.operators.claim import ClaimDuePostsOperator
from socialpub.operators.publish import PublishPostsOperator
from socialpub.operators.retry_policy import PostsFailedError
from socialpub.settings import load_settings

PAGE = "200000000000001"


class Office:
    """Airflow's side of a task: its connections and settings as environment variables, and its context."""

    def __init__(self, world: World, sandbox: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self.sandbox, self._monkeypatch = world, sandbox, monkeypatch
        self.set("SOCIALPUB_TOKEN_KEYS", TOKEN_KEY)
        self.set("AIRFLOW_CONN_SOCIALPUB_DB", self.database())
        self.set("AIRFLOW_CONN_FACEBOOK_APP", self.app())
        sandbox.control.reset()

    def set(self, name: str, value: str | None) -> None:
        load_settings.cache_clear()
        if value is None:
            self._monkeypatch.delenv(name)
        else:
            self._monkeypatch.setenv(name, value)

    def database(self, **changed: object) -> str:
        known = {"conn_type": "postgres", "host": self.world.server.socket_dir, "login": "airflow_login"}
        return json.dumps({**known, "schema": self.world.name, **changed})

    def app(self, **changed: object) -> str:
        known = {"conn_type": "facebook_graph", "login": DEFAULT_APP, "password": DEFAULT_APP_SECRET}
        return json.dumps({**known, "extra": {"graph_url": self.sandbox.url}, **changed})

    def post(self) -> UUID:
        self.sandbox.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}")
        return self.world.schedule(self.world.add_page(page_id=PAGE), body="Hello")

    def claim(self) -> Any:
        return self._execute(ClaimDuePostsOperator(task_id="claim_due_posts"))

    def publish(self, post: UUID) -> None:
        self._execute(PublishPostsOperator(task_id="publish", post_ids=[str(post)]))

    def row(self, post: UUID) -> tuple:
        return self.world.one("select status, status_reason from social_scheduled_posts where id = %s", post)

    def _execute(self, operator: Any) -> Any:
        return operator.execute({"dag_run": SimpleNamespace(dag_id="publish_due_posts", run_id="scheduled__1")})


@pytest.fixture
def office(world: World, sandbox_server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> Office:
    return Office(world, sandbox_server, monkeypatch)


def test_a_scan_without_its_connection_says_where_to_add_it(office):
    """The id, the type and the menu."""
    office.set("AIRFLOW_CONN_SOCIALPUB_DB", None)
    with pytest.raises(ConfigurationError, match="no Airflow connection “socialpub_db”.*Admin → Connections"):
        office.claim()


def test_an_unreachable_database_is_named_without_a_driver_trace(office):
    """Nothing listens there; the message holds no password."""
    unreachable = office.database(host="127.0.0.1", port=1, password="hush-hush")
    office.set("AIRFLOW_CONN_SOCIALPUB_DB", unreachable)
    for work in (office.claim, lambda: office.publish(UUID(int=1))):
        with pytest.raises(DatabaseUnavailableError, match="can't be reached.*Next: check") as caught:
            work()
        assert "hush-hush" not in str(caught.value)


def test_a_database_without_our_tables_asks_for_the_migration(office):
    """The command is in the message."""
    office.set("AIRFLOW_CONN_SOCIALPUB_DB", office.database(schema="postgres"))
    with pytest.raises(SchemaError, match=r"python -m socialpub\.db migrate"):
        office.claim()


@pytest.mark.parametrize(
    ("break_it", "kind", "words"),
    [
        (
            lambda o: o.set("AIRFLOW_CONN_FACEBOOK_APP", None),
            ConfigurationError,
            "no Airflow connection “facebook_app”",
        ),
        (lambda o: o.set("AIRFLOW_CONN_FACEBOOK_APP", o.app(password=None)), ConfigurationError, "lacks the app id or"),
        (
            lambda o: o.set("AIRFLOW_CONN_FACEBOOK_APP", o.app(extra={"graph_url": "graph.facebook.com"})),
            ConfigurationError,
            "graph_url",
        ),
    ],
)
def test_an_app_that_is_not_set_up_gives_the_posts_back(
    office: Office, break_it: Callable[[Office], None], kind: type[Exception], words: str
):
    """The task is red, and the row says the same; nothing was sent, and once it is mended the post goes out."""
    post = office.post()
    assert office.claim() == [[str(post)]]
    break_it(office)
    with pytest.raises(kind, match=words):
        office.publish(post)
    status, reason = office.row(post)
    assert status == "pending"
    assert words in reason
    assert office.sandbox.control.arrivals(edge="feed") == []


@pytest.mark.parametrize(
    ("keys", "words"),
    [("", "SOCIALPUB_TOKEN_KEYS"), ("not-a-key", "SOCIALPUB_TOKEN_KEYS"), (Fernet.generate_key().decode(), "key")],
    ids=["missing", "no key", "another key"],
)
def test_a_token_key_that_is_missing_or_wrong_holds_the_post(office: Office, keys: str, words: str):
    """Red, with the reason on the row; the right key lets it go out later."""
    post = office.post()
    office.claim()
    office.set("SOCIALPUB_TOKEN_KEYS", keys)
    with pytest.raises((TokenKeyError, PostsFailedError), match=words):
        office.publish(post)
    status, reason = office.row(post)
    assert status == "pending"
    assert words in reason
    assert keys == "" or keys not in reason
    assert office.sandbox.control.arrivals(edge="feed") == []


def test_a_clock_that_is_minutes_off_moves_no_post_but_is_reported(office, monkeypatch, capsys):
    """The database's clock counts; this machine's stands five minutes ahead."""

    class Ahead(datetime):
        @classmethod
        def now(cls, tz=None):
            return super().now(tz) + timedelta(minutes=5)

    monkeypatch.setattr(socialpub.db.clock, "datetime", Ahead)
    office.post()
    due = office.world.schedule(office.world.add_page(page_id="200000000000002"), body="On time", due_in=2)
    office.sandbox.control.add_page("200000000000002", "Second", token="EAAGpage200000000000002")
    office.claim()
    office.publish(due)
    [arrival] = office.sandbox.control.arrivals(edge="feed", method="POST")
    [planned] = office.world.one("select publish_at from social_scheduled_posts where id = %s", due)
    assert 0 <= arrival.arrived_at - planned.timestamp() < 1
    assert "clock is 300.0 s off" in (log := capsys.readouterr().out)
    assert "NTP" in log


def test_the_hooks_test_button_says_whether_facebook_knows_the_app(office):
    """For people who set the connection up."""
    assert FacebookHook().test_connection() == (True, "Facebook knows the app.")
    office.set("AIRFLOW_CONN_FACEBOOK_APP", office.app(password="wrong"))
    is_good, words = FacebookHook().test_connection()
    assert not is_good
    assert "wrong" not in words
    assert "Next:" in words
