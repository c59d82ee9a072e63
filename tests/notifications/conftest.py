"""Events of a real database, mail through a real SMTP server, Slack through a real HTTP receiver."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from local_inbox.server import InboxServer
from socialpub.models.encrypted import TokenCipher
from socialpub.services.notices.deliver import Delivery, DeliveryRules, deliver
from socialpub.services.notices.links import PURPOSE, LinkMaker
from socialpub.services.notices.route_events import Grouping, route_events
from socialpub.services.notices.templates import Templates
from socialpub.services.notices.write_message import Writer
from tests.conftest import TOKEN_KEY, World

REASON = "POST /feed: Invalid parameter (HTTP 400, code 100, fbtrace_id AbC123) Next: correct the post."


KEY = os.environ.get("TEST_TOKEN_KEY", TOKEN_KEY)  # A worker process of a test shares its key.


def make_writer(templates: Templates | None = None) -> Writer:
    links = LinkMaker(TokenCipher([KEY]).sealer(PURPOSE), "http://airflow.test/socialpub/links")
    return Writer(links, templates or Templates(), "http://airflow.test/socialpub")


@dataclass
class Mailroom:
    world: World
    inbox: InboxServer
    rules: DeliveryRules = DeliveryRules(delays=(timedelta(0),))
    grouping: Grouping = Grouping(pace=timedelta(0))
    writer: Writer = field(default_factory=make_writer)

    def route(self, channel: str = "email", recipient: str = "team@larp.test", **columns: object) -> None:
        values = {"channel": channel, "recipient": recipient, **columns}
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        self.world.run(
            f"insert into social_notification_routes ({names}) values ({marks})",
            *values.values(),
            user="backoffice_login",
        )

    def run(self) -> Delivery:
        """As the DAG does it."""
        from socialpub.notifications import open_couriers

        engine = self.world.engine()
        try:
            route_events(engine, self.grouping, actor="test")
            return deliver(engine, open_couriers(), self.writer, self.rules, actor="test")
        finally:
            engine.dispose()

    def become(self, post: UUID, status: str, *, reason: str = REASON, code: int | None = 100) -> None:
        """A post that was sent, with that end."""
        self.world.run(
            "update social_scheduled_posts set status = 'queued', claimed_by = 'd/r', lease_expires_at = now()"
            " + interval '1 hour' where id = %s",
            post,
        )
        self.world.run("update social_scheduled_posts set status = 'publishing' where id = %s", post)
        with self.world.connect() as connection, connection.transaction():
            connection.execute(
                "insert into social_publish_attempts (scheduled_post_id, attempt_number, dag_id, run_id, sent_at,"
                " finished_at, outcome, http_status, error_class, error_code, error_subcode, fbtrace_id, error_message)"
                " values (%s, 1, 'publish_due_posts', 'scheduled__1', now(), now(), %s, 400, 'InvalidPostError', %s,"
                " null, 'AbC123', %s)",
                (post, "published" if status == "published" else "failed", code, reason),
            )
            connection.execute(
                "update social_scheduled_posts set status = %s, status_reason = %s,"
                " facebook_post_id = case when %s = 'published' then '1_' || floor(random() * 1e9) end,"
                " permalink_url = case when %s = 'published' then 'https://www.facebook.com/1/posts/2' end,"
                " published_at = case when %s = 'published' then now() end where id = %s",
                (status, None if status == "published" else reason, status, status, status, post),
            )

    def messages(self) -> list[tuple]:
        with self.world.connect() as connection:
            return connection.execute(
                "select event, channel, recipient, attempts, doubts, sent_at is not null, dead_at is not null,"
                " last_error from social_notifications order by created_at, id"
            ).fetchall()


def smtp_connection(port: int, **extra: object) -> str:
    extra = {"from_email": "social@larp.test", "disable_ssl": True, "disable_tls": True, "timeout": 2, **extra}
    return json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra})


@pytest.fixture
def inbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[InboxServer]:
    with InboxServer() as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", smtp_connection(server.smtp_port))
        webhook = {"conn_type": "slackwebhook", "password": f"{server.url}/slack/T0/B0/secret"}
        monkeypatch.setenv("AIRFLOW_CONN_SLACK_SOCIAL", json.dumps(webhook))
        yield server


@pytest.fixture
def mailroom(world: World, inbox: InboxServer) -> Mailroom:
    return Mailroom(world, inbox)
