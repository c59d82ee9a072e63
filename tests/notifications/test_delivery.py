"""Messages leave whatever the mail server, Slack or the worker do: every event is told, none more than twice."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from bench.mail_servers import MoodyHandler, MoodyServer
from socialpub.services.notices.deliver import DeliveryRules
from socialpub.services.notices.route_events import Grouping
from tests.conftest import TOKEN_KEY
from tests.notifications.conftest import Mailroom, smtp_connection

NOW = timedelta(0)


@pytest.fixture
def moody(monkeypatch: pytest.MonkeyPatch) -> Iterator[MoodyHandler]:
    with MoodyServer() as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", smtp_connection(server.port, timeout=1))
        yield server.handler


def tell(mailroom: Mailroom, events: int) -> None:
    mailroom.world.run(
        "insert into social_outbox (event, dedupe_key, payload)"
        " select 'page_paused', 'k' || n, jsonb_build_object('page_name', 'Page number ' || n || '.')"
        " from generate_series(1, %s) as n",
        events,
    )


def one_each(mailroom: Mailroom) -> None:
    mailroom.route()
    mailroom.grouping = Grouping(pace=NOW, max_items=1)


@pytest.mark.parametrize("mood", ["refuses", "hangs", "dies_before"])
def test_what_certainly_did_not_arrive_is_sent_later_and_arrives_once(mailroom, moody, mood):
    """The first message finds out; the others are given back without a try; then all of them arrive."""
    one_each(mailroom)
    tell(mailroom, 3)
    moody.mood = mood
    delivery = mailroom.run()
    assert (delivery.sent, delivery.waiting) == (0, 3)
    assert len(delivery.problems) == 1
    assert sorted(message[3] for message in mailroom.messages()) == [0, 0, 1]
    assert all(message[4] == 0 for message in mailroom.messages())
    moody.mood = "well"
    mailroom.world.run("update social_notifications set next_attempt_at = now()")
    assert mailroom.run().sent == 3
    assert sorted(moody.copies().values()) == [1, 1, 1]
    assert mailroom.world.one("select count(*) from social_outbox where delivered_at is null") == (0,)


@pytest.mark.parametrize("mood", ["dies_after", "hangs_after"])
def test_a_lost_answer_is_a_doubt_that_allows_one_more_sending(mailroom, moody, mood):
    """The copy has the same Message-ID, so that mail programs show it once; a third one does not leave by itself."""
    one_each(mailroom)
    tell(mailroom, 1)
    moody.mood = mood
    for _ in range(4):
        mailroom.run()
        mailroom.world.run("update social_notifications set next_attempt_at = now()")
    assert list(moody.copies().values()) == [2]
    [message] = mailroom.messages()
    assert message[6]
    assert "answer was lost twice" in message[7]
    assert mailroom.world.one("select dead_at is not null, delivered_at from social_outbox") == (True, None)


def test_the_doubtful_message_waits_until_others_have_shown_that_the_server_works(mailroom, moody):
    """Certain ones go first."""
    one_each(mailroom)
    tell(mailroom, 1)
    moody.mood = "dies_after"
    mailroom.run()
    moody.mood = "well"
    mailroom.world.run("insert into social_outbox (event, dedupe_key) values ('page_paused', 'later')")
    mailroom.world.run("update social_notifications set next_attempt_at = now()")
    assert mailroom.run().sent == 2
    order = [message_id for message_id, _ in moody.accepted]
    assert order[0] == order[2] != order[1]
    assert "Sent again" in moody.accepted[2][1]


def test_a_recipient_that_does_not_exist_is_given_up_at_once_and_the_others_go_on(mailroom, moody):
    """Visible with its reason, and sent again when a person asks for it."""
    from socialpub.services.outbox import list_messages, requeue_messages

    one_each(mailroom)
    tell(mailroom, 3)
    moody.mood, moody.every = "unknown_user", 2
    delivery = mailroom.run()
    assert (delivery.sent, delivery.dead) == (2, 1)
    engine = mailroom.world.engine()
    [line] = list_messages(engine, is_dead_only=True)
    assert "given up" in line
    assert "550 No such user" in line
    moody.mood = "well"
    assert len(requeue_messages(engine, [], actor="test")) == 1
    assert mailroom.run().sent == 1
    assert (
        mailroom.world.one("select count(*) from social_outbox where delivered_at is null or dead_at is not null")[0]
        == 0
    )
    engine.dispose()


def test_after_three_days_a_message_is_given_up(mailroom, moody):
    """As mail servers do it themselves."""
    one_each(mailroom)
    tell(mailroom, 1)
    moody.mood = "refuses"
    mailroom.run()
    mailroom.world.run(
        "update social_notifications set created_at = now() - interval '73 hours', next_attempt_at = now()"
    )
    assert mailroom.run().dead == 1


def test_a_message_that_cant_be_written_does_not_hold_up_the_others(mailroom, moody):
    """It is given up with its reason."""
    one_each(mailroom)
    mailroom.world.run(
        "insert into social_outbox (event, dedupe_key, payload)"
        """ values ('page_rate_limited', 'bad', '{"until": "x"}')"""
    )
    tell(mailroom, 1)
    delivery = mailroom.run()
    assert (delivery.sent, delivery.dead) == (1, 1)
    assert "can't be written" in delivery.problems[0]


def test_two_deliveries_at_once_send_nothing_twice(mailroom, moody):
    """Events and messages are claimed, whoever comes first."""
    one_each(mailroom)
    tell(mailroom, 60)
    threads = [threading.Thread(target=mailroom.run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mailroom.run()
    assert sorted(moody.copies().values()) == [1] * 60


def test_nothing_waits_while_the_mail_server_hangs(mailroom, moody):
    """No lock is held meanwhile: posts move, drafts are written, in their usual time."""
    one_each(mailroom)
    tell(mailroom, 1)
    moody.mood = "hangs_after"
    thread = threading.Thread(target=mailroom.run)
    thread.start()
    while not moody.accepted:
        time.sleep(0.01)
    started = time.monotonic()
    larp = mailroom.world.add_page()
    mailroom.become(mailroom.world.schedule(larp), "published")
    mailroom.world.run("update social_outbox set dead_at = null")
    took = time.monotonic() - started
    assert thread.is_alive()
    assert took < 0.8
    thread.join()


WORKERS = """
import os, signal, sys, time
from datetime import timedelta
from socialpub.db.engine import open_engine
from socialpub.notifications import open_couriers
from socialpub.services.notices.deliver import DeliveryRules, deliver
from socialpub.services.notices.route_events import Grouping, route_events
from tests.notifications.conftest import make_writer

grouping = Grouping(pace=timedelta(0), max_items=1, max_events=100)
rules = DeliveryRules(lease=timedelta(seconds=3), delays=(timedelta(0),), budget=timedelta(seconds=1.5))


def work(engine):
    route_events(engine, grouping, actor="worker")
    deliver(engine, open_couriers(), make_writer(), rules, actor="worker")


first = open_engine(sys.argv[1])
work(first)  # Everything is loaded before the first fork, as in Airflow's scheduler.
first.dispose()
print("ready", flush=True)
for seconds in sys.stdin:
    if not (worker := os.fork()):
        engine = open_engine(sys.argv[1])
        while True:
            work(engine)
    time.sleep(float(seconds))
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    print("killed", flush=True)
"""


@pytest.mark.timeout(400)
def test_500_events_outlive_every_mood_of_the_mail_server_and_killed_workers(mailroom, moody, tmp_path: Path):
    """Refusing, hanging, dying, coming back; workers killed in between: all are told, none more than twice."""
    one_each(mailroom)
    tell(mailroom, 1)
    script = tmp_path / "worker.py"
    script.write_text(WORKERS)
    dice = random.Random(7)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TEST_TOKEN_KEY": TOKEN_KEY}
    moods = ["refuses", "hangs", "dies_before", "dies_after", "hangs_after", "well"]
    unsettled = "select count(*) from social_outbox where delivered_at is null and dead_at is null"
    killed, started = 0, time.monotonic()
    workers = subprocess.Popen(
        [sys.executable, str(script), mailroom.world.url("airflow_login")],
        env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert workers.stdin
    assert workers.stdout
    try:
        assert "ready\n" in iter(workers.stdout.readline, "")
        mailroom.world.run("update social_outbox set dedupe_key = 'warm'")
        tell(mailroom, 500)
        while mailroom.world.one(unsettled) != (0,):
            assert time.monotonic() < started + 300, mailroom.messages()
            moody.mood, moody.every = moods[killed % len(moods)], 9
            print(dice.uniform(1, 4), file=workers.stdin, flush=True)
            assert "killed\n" in iter(workers.stdout.readline, "")  # Airflow prints what it likes before.
            killed += 1
    finally:
        workers.stdin.close()
        workers.wait()
    told = {text.split("Page number ")[1].split(".")[0] for _, text in moody.accepted if "number" in text}
    with mailroom.world.connect() as connection:
        given_up = {
            number
            for (number,) in connection.execute(
                "select substring(payload->>'page_name' from '[0-9]+') from social_outbox where dead_at is not null"
            )
        }
    # A message whose worker was killed twice amid its sending is not sent a third time: it is listed instead.
    assert told | given_up == {str(number) for number in range(1, 501)}
    assert len(given_up) <= 5
    assert set(moody.copies().values()) <= {1, 2}
    print("killed:", killed, "twice:", sum(n == 2 for n in moody.copies().values()), "given up:", len(given_up))


class SlackHandler(BaseHTTPRequestHandler):
    answers: ClassVar[list[tuple[int, str]]] = []
    bodies: ClassVar[list[dict]] = []
    url: ClassVar[str] = ""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.append({"path": self.path, "auth": self.headers.get("Authorization"), "body": body.decode()})
        status, text = self.answers.pop(0) if self.answers else (200, "ok")
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if text.startswith("{") else "text/plain")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def slack() -> Iterator[type[SlackHandler]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlackHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    SlackHandler.answers, SlackHandler.bodies = [], []
    SlackHandler.url = f"http://127.0.0.1:{server.server_port}"
    yield SlackHandler
    server.shutdown()


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        ((200, "ok"), "sent"),
        ((429, "rate_limited"), "waiting"),
        ((403, "invalid_token"), "waiting"),
        ((404, "no_service"), "waiting"),
        ((400, "invalid_blocks"), "dead"),
        ((500, "oops"), "waiting"),
    ],
)
def test_slacks_webhook_answers_are_understood(mailroom, slack, monkeypatch, answer, end):
    """Taken, not now, never; a 5xx proves nothing."""
    webhook = {"conn_type": "slackwebhook", "password": f"{slack.url}/services/T/B/hush"}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_SOCIAL", json.dumps(webhook))
    mailroom.route("slack", "")
    tell(mailroom, 1)
    slack.answers = [answer]
    delivery = mailroom.run()
    assert {"sent": delivery.sent, "waiting": delivery.waiting, "dead": delivery.dead}[end] == 1
    assert "hush" not in str(delivery.problems)
    sending = mailroom.world.one("select sending_at is not null from social_notifications")
    assert sending == (answer[0] == 500,)


def test_slack_that_cant_be_reached_costs_no_doubt(mailroom, monkeypatch):
    """Refused before anything left."""
    webhook = {"conn_type": "slackwebhook", "password": "http://127.0.0.1:9/services/T/B/hush"}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_SOCIAL", json.dumps(webhook))
    mailroom.route("slack", "")
    tell(mailroom, 1)
    delivery = mailroom.run()
    assert "can't be reached" in delivery.problems[0]
    assert "hush" not in delivery.problems[0]
    assert mailroom.world.one("select sending_at from social_notifications") == (None,)


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        ((200, '{"ok": true}'), "sent"),
        ((200, '{"ok": false, "error": "channel_not_found"}'), "dead"),
        ((200, '{"ok": false, "error": "invalid_auth"}'), "waiting"),
        ((503, "{}"), "waiting"),
    ],
)
def test_a_bots_token_posts_to_the_channel_of_the_route(mailroom, slack, monkeypatch, answer, end):
    """The token goes in a header; a wrong channel is this route's trouble, a wrong token the connection's."""
    bot = {"conn_type": "slack", "password": "xoxb-hush", "extra": {"base_url": f"{slack.url}/api/"}}
    monkeypatch.setenv("AIRFLOW_CONN_SLACK_SOCIAL", json.dumps(bot))
    mailroom.route("slack", "#social")
    tell(mailroom, 1)
    slack.answers = [answer]
    delivery = mailroom.run()
    assert {"sent": delivery.sent, "waiting": delivery.waiting, "dead": delivery.dead}[end] == 1
    [request] = slack.bodies
    assert request["path"] == "/api/chat.postMessage"
    assert request["auth"] == "Bearer xoxb-hush"
    assert "#social" in request["body"] or "%23social" in request["body"]
    assert "xoxb-hush" not in str(delivery.problems)


def test_without_a_connection_the_message_waits_and_says_what_to_add(mailroom, monkeypatch):
    """Nothing is lost by a configuration that comes later."""
    monkeypatch.delenv("AIRFLOW_CONN_SMTP_DEFAULT")
    mailroom.route()
    tell(mailroom, 1)
    delivery = mailroom.run()
    assert delivery.waiting == 1
    assert "AIRFLOW_CONN_SMTP_DEFAULT" in delivery.problems[0]


def test_a_killed_worker_between_claim_and_sending_costs_no_doubt(mailroom, moody):
    """Its lease ends, and the message goes out as if for the first time."""
    from socialpub.db.engine import transaction
    from socialpub.db.notifications import claim_notifications
    from socialpub.services.notices.route_events import route_events

    one_each(mailroom)
    tell(mailroom, 1)
    engine = mailroom.world.engine()
    route_events(engine, mailroom.grouping, actor="test")
    with transaction(engine, actor="test") as session:
        assert len(claim_notifications(session, "email", lease=timedelta(seconds=0.2), max_notifications=9)) == 1
    assert mailroom.run().sent == 0
    time.sleep(0.3)
    assert mailroom.run().sent == 1
    assert mailroom.messages()[0][4] == 0
    engine.dispose()


def test_the_default_rules_leave_time_for_the_slowest_answer_within_a_lease():
    """A lease that ended amid a sending would let another process send the same."""
    rules = DeliveryRules()
    assert rules.lease > rules.budget + timedelta(seconds=5 * 10)
    assert rules.delay_after(1) == timedelta(minutes=1)
    assert rules.delay_after(99) == timedelta(minutes=30)
