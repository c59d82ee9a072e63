"""Bad configuration makes the half-hourly run of *deliver_notifications* red, long before a message has to leave."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import ClassVar

import pytest
from tests.conftest import TOKEN_KEY, World

from local_inbox.server import InboxServer
from socialpub.errors import ConfigurationError, TemplateError
from socialpub.operators.notify import DeliverNotificationsOperator
from socialpub.settings import load_settings


class SlackApi(BaseHTTPRequestHandler):
    """Knows the channel #social; remembers what it was asked."""

    asked: ClassVar[list[str]] = []
    planned: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        method = self.path.rpartition("/")[2]
        self.asked.append(method)
        answer: dict[str, object] = {"ok": True, "user": "social", "team": "larp"}
        if method == "chat.scheduleMessage":
            knows = "#social" in body or "%23social" in body
            self.planned.update({"Q1"} if knows else ())
            answer = {"ok": knows, "channel": "C1", "scheduled_message_id": "Q1"}
            answer |= {} if knows else {"error": "channel_not_found"}
        if method == "chat.deleteScheduledMessage":
            self.planned.discard("Q1")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[SlackApi]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlackApi)
    Thread(target=server.serve_forever, daemon=True).start()
    SlackApi.asked, SlackApi.planned = [], set()
    bot = {
        "conn_type": "slack",
        "password": "xoxb-hush",
        "extra": {"base_url": f"http://127.0.0.1:{server.server_port}/"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_SOCIAL", json.dumps(bot))
    yield SlackApi
    server.shutdown()


@pytest.fixture
def airflow(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr("socialpub.hooks.database.open_database", lambda pool_size: world.engine(pool_size=pool_size))
    monkeypatch.setattr("airflow.sdk.bases.operator.ExecutorSafeguard.test_mode", True)
    # A process can't take its niceness back, and this one has other tests to run.
    monkeypatch.setattr("socialpub.operators.notify.let_publishing_go_first", lambda: None)
    monkeypatch.setenv("SOCIALPUB_TOKEN_KEYS", TOKEN_KEY)
    load_settings.cache_clear()
    yield world
    load_settings.cache_clear()


def route(world: World, channel: str, recipient: str) -> None:
    world.run(
        "insert into social_notification_routes (channel, recipient) values (%s, %s)",
        channel, recipient, user="backoffice_login",
    )  # fmt: skip


def run_scheduled() -> None:
    context = {"dag_run": SimpleNamespace(run_id="scheduled__1")}
    DeliverNotificationsOperator(task_id="deliver").execute(context)  # type: ignore[arg-type]


def test_with_everything_in_place_the_run_is_green_and_nobody_gets_anything(airflow, slack, monkeypatch):
    """The mail server and Slack are asked; a message that was planned to try a channel is taken back."""
    with InboxServer() as inbox:
        extra = {"from_email": "a@b.test", "disable_ssl": True, "disable_tls": True}
        mail = {"conn_type": "smtp", "host": "127.0.0.1", "port": inbox.smtp_port, "extra": extra}
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps(mail))
        route(airflow, "email", "team@larp.test")
        route(airflow, "slack", "#social")
        run_scheduled()
        assert inbox.box.mails == []
    assert slack.asked == ["auth.test", "chat.scheduleMessage", "chat.deleteScheduledMessage"]
    assert slack.planned == set()


def test_a_channel_that_there_is_not_is_named(airflow, slack):
    """Or one that the bot was not invited to."""
    route(airflow, "slack", "#socail")
    with pytest.raises(ConfigurationError, match=r"#socail: channel_not_found.* Next: check"):
        run_scheduled()
    assert slack.planned == set()


def test_a_route_without_a_channel_needs_the_bots_default(airflow, slack):
    """As it would when the message leaves."""
    route(airflow, "slack", "")
    with pytest.raises(ConfigurationError, match="names no Slack channel"):
        run_scheduled()


@pytest.mark.parametrize(
    ("connection", "words"),
    [(None, "There is no Airflow connection “smtp_default”"), ({"host": "127.0.0.1", "port": 1}, "can't be used")],
)
def test_no_mail_server_and_a_dead_one_are_told(airflow, monkeypatch, connection, words):
    """With what to do."""
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT", raising=False)
    if connection:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", json.dumps({"conn_type": "smtp", **connection}))
    route(airflow, "email", "team@larp.test")
    with pytest.raises(ConfigurationError, match=f"{words}.* Next: "):
        run_scheduled()


def test_no_route_and_a_template_with_a_mistake_are_told(airflow, monkeypatch, tmp_path):
    """The file is named."""
    with pytest.raises(ConfigurationError, match="there is no route"):
        run_scheduled()
    route(airflow, "off", "")
    run_scheduled()
    (tmp_path / "digest.txt.j2").write_text("{{ digest.nothing }}")
    monkeypatch.setenv("SOCIALPUB_TEMPLATES_FOLDER", str(tmp_path))
    load_settings.cache_clear()
    with pytest.raises(TemplateError, match=r"digest.txt.j2"):
        run_scheduled()


def test_a_delivery_lets_publishing_go_first():
    """In a process of its own, as a task is; a second call changes nothing."""
    check = (
        "import os; from socialpub.operators.notify import let_publishing_go_first as step\n"
        "step(); first = os.getpriority(os.PRIO_PROCESS, 0); step()\n"
        "assert os.getpriority(os.PRIO_PROCESS, 0) == first == 19, first"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", check], check=True)
