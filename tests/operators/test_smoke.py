"""The smoke test, over HTTP against the sandbox: what it does, what it reports, and what it leaves behind."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import AirflowSkipException
from tests.conftest import TOKEN_KEY, World

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET
from socialpub.errors import GraphError, UnknownPageError
from socialpub.graph.client import GraphClient
from socialpub.graph.latency import LATENCIES
from socialpub.graph.settings import GraphSettings
from socialpub.models.secret import Secret
from socialpub.operators.smoke import SmokeTestOperator
from socialpub.services.smoke import SmokeTest, SmokeTestError, find_sandbox_pages, mark_sandbox
from socialpub.settings import load_settings

PAGE = "200000000000001"
TOKEN = Secret(f"EAAGpage{PAGE}")
NOW = datetime(2027, 1, 2, 3, 13, tzinfo=UTC)


@pytest.fixture
def sandbox(sandbox_server: SandboxServer) -> SandboxServer:
    sandbox_server.control.reset()
    sandbox_server.control.add_page(PAGE, "Larpowe Kroniki", token=TOKEN.reveal())
    return sandbox_server


@pytest.fixture
def smoke(world: World, sandbox: SandboxServer) -> SmokeTest:
    world.add_page(PAGE)
    engine = world.engine(pool_size=1)
    mark_sandbox(engine, PAGE, is_sandbox=True, actor="anna")
    client = GraphClient(GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=sandbox.url))
    [page] = find_sandbox_pages(engine)
    return SmokeTest(engine, client, page, TOKEN, webhook_patience=timedelta(seconds=1))


def test_it_publishes_reads_back_deletes_and_times_each_step(smoke, sandbox):
    """Nobody sees the post, and nothing is left of it."""
    assert list(smoke.run(NOW)) == ["publish", "read_back", "delete", "see_it_gone"]
    assert all(0 < seconds < 10 for seconds in smoke.seconds.values())
    [arrival] = sandbox.control.arrivals(edge="feed", method="POST")
    assert arrival.message == "socialpub smoke test 2027-01-02 03:13:00 UTC"
    assert sandbox.control.posts(PAGE) == []


def test_a_webhook_that_came_is_timed_and_one_that_did_not_fails_nothing(smoke, world, monkeypatch):
    """It is written by the webhook's endpoint; here by hand."""
    world.run("update facebook_page_connections set feed_subscribed_at = now()")
    [smoke.page] = find_sandbox_pages(smoke.engine)
    assert "webhook" not in smoke.run(NOW)
    read_back = SmokeTest._read_back

    def arrive(self, post_id: str, message: str) -> None:
        read_back(self, post_id, message)
        world.run("insert into social_webhook_events (dedupe_key, page_id, facebook_post_id, payload)"
                  " values (%s, %s, %s, '{}')", post_id, PAGE, post_id)  # fmt: skip

    monkeypatch.setattr(SmokeTest, "_read_back", arrive)
    assert "webhook" in smoke.run(NOW + timedelta(minutes=1))


def test_a_refused_token_ends_red_and_leaves_nothing(smoke, sandbox):
    """As real posts would meet it."""
    smoke.token = Secret("EAAGnotatokenatall")
    with pytest.raises(GraphError):
        smoke.run(NOW)
    assert sandbox.control.posts(PAGE) == []
    assert (smoke.failed_step, list(smoke.seconds)) == ("publish", ["publish"])


def test_what_is_shown_otherwise_than_sent_is_deleted_and_ends_red(smoke, sandbox, monkeypatch):
    """The read-back compares text and visibility."""
    shown = SimpleNamespace(message="?", is_published=True)
    monkeypatch.setattr("socialpub.services.smoke.read_post", lambda *call: shown)
    with pytest.raises(SmokeTestError, match="otherwise than it was sent"):
        smoke.run(NOW)
    assert (smoke.failed_step, list(smoke.seconds)) == ("read_back", ["publish", "read_back", "delete"])
    assert sandbox.control.posts(PAGE) == []


def test_only_a_connected_page_that_is_marked_is_tried_on(smoke, world):
    """Marking is audited, and can be taken back."""
    engine = smoke.engine
    assert world.one("select actor, action from social_audit_log order by id desc limit 1") == (
        "anna", "connection.changed",
    )  # fmt: skip
    assert "leaves it alone" in mark_sandbox(engine, PAGE, is_sandbox=False, actor="anna")
    assert find_sandbox_pages(engine) == []
    with pytest.raises(UnknownPageError):
        mark_sandbox(engine, "1", is_sandbox=True, actor="anna")


@pytest.fixture
def airflow(world, sandbox, monkeypatch) -> Iterator[dict]:
    """The connections and settings that Airflow gives the task; the context of a run."""
    monkeypatch.setenv("SOCIALPUB_TOKEN_KEYS", TOKEN_KEY)
    database = {
        "conn_type": "postgres",
        "host": world.server.socket_dir,
        "login": "airflow_login",
        "schema": world.name,
    }
    app = {"conn_type": "facebook_graph", "login": DEFAULT_APP, "password": DEFAULT_APP_SECRET}
    monkeypatch.setenv("AIRFLOW_CONN_SOCIALPUB_DB", json.dumps(database))
    monkeypatch.setenv("AIRFLOW_CONN_FACEBOOK_APP", json.dumps({**app, "extra": {"graph_url": sandbox.url}}))
    load_settings.cache_clear()
    LATENCIES.take()  # Of other tests in this process.
    yield {"dag_run": SimpleNamespace(dag_id="smoke_test_page", run_id="r1")}
    load_settings.cache_clear()


def test_the_task_reports_its_times_or_skips(world, airflow):
    """What it measured is counted as well."""
    world.add_page(PAGE)
    with pytest.raises(AirflowSkipException, match="socialpub sandbox"):
        SmokeTestOperator(task_id="smoke").execute(airflow)
    world.run("update facebook_page_connections set is_sandbox = true")
    report = SmokeTestOperator(task_id="smoke").execute(airflow)
    assert set(report[PAGE]) == {"publish", "read_back", "delete", "see_it_gone"}
    sent = "select sum(amount) from social_metric_changes where labels[1] = 'feed' and metric !~ 'sum$'"
    assert world.one(sent) == (1,)


def test_a_page_that_fails_keeps_no_other_from_being_tried_and_its_times_are_told(world, sandbox, airflow, capsys):
    """Red in the end, with the Page, the step and what to do."""
    sandbox.control.add_page("200000000000002", "Druga", token="EAAGpage200000000000002")
    for page_id in (PAGE, "200000000000002"):
        world.add_page(page_id, name=f"LARP {page_id}")
    world.run("update facebook_page_connections set is_sandbox = true")
    sandbox.control.add_fault("invalid_100", page_id=PAGE, times=0)
    with pytest.raises(SmokeTestError, match=rf"Page LARP {PAGE} .*: .* Next: ") as red:
        SmokeTestOperator(task_id="smoke").execute(airflow)
    assert "LARP 200000000000002" not in str(red.value)
    told = capsys.readouterr().out
    assert re.search(rf"LARP {PAGE} .*: publish [\d.]+ s; no webhook came; it failed at publish", told)
    assert re.search(r"LARP 200000000000002 .*: publish [\d.]+ s, read_back [\d.]+ s, delete [\d.]+ s, see_", told)
