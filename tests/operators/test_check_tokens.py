"""The check as a task: red only when a person must act, waiting when Facebook asks for it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import make_url
from tests.conftest import TOKEN_KEY, World

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET
from socialpub.errors import AppRefusedError, GraphFailure
from socialpub.models import TokenStatus
from socialpub.services.check_report import CheckedPage, render_table, summarise
from socialpub.services.check_tokens import CheckResult
from socialpub.settings import load_settings

FINE = CheckedPage("Page A (1)", TokenStatus.VALID)
LOST = CheckedPage("Page B (2)", TokenStatus.LOST, "revoked. Next: reconnect the Page.", needs_person=True)
SILENT = CheckedPage("Page C (3)", None, "No verdict: debug_token: No answer within the time allowed.")


def operator():
    from socialpub.operators.check_tokens import CheckTokensOperator

    return CheckTokensOperator(task_id="check", connection_ids=["0"])


def test_a_group_without_trouble_is_green_and_says_how_it_stands():
    """No answer for one Page is no reason to call anybody."""
    task = operator()
    assert task.label == "1 Pages"
    task._end(CheckResult((FINE, SILENT), None))
    assert task.label == "1 valid, 1 without a verdict"


def test_a_page_that_needs_a_person_makes_its_group_red():
    """At once, without retries; the message says what to do."""
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match="1 Pages need a person. Page B .2.: revoked. Next: reconnect"):
        operator()._end(CheckResult((FINE, LOST, SILENT), None))


def test_a_pause_that_facebook_asks_for_is_waited_out_before_anything_is_red():
    """The rest of the group comes afterwards, and what was found before is told then."""
    from airflow.sdk.exceptions import AirflowRescheduleException

    resume_at = datetime.now(UTC) + timedelta(minutes=5)
    with pytest.raises(AirflowRescheduleException) as waits:
        operator()._end(CheckResult((LOST,), resume_at))
    assert waits.value.reschedule_date == resume_at


def test_a_refused_app_is_red_without_a_verdict():
    """Trying again can't help."""
    from airflow.sdk.exceptions import AirflowFailException

    class Refused:
        def check(self, *_: object, **__: object) -> CheckResult:
            raise AppRefusedError(GraphFailure("debug_token", "Error validating application."), next_step="mend it.")

    task = operator()
    task.connection_ids = ["00000000-0000-0000-0000-000000000001"]
    with pytest.raises(AirflowFailException, match="Facebook refuses the app, so no token was judged.*mend it"):
        task._check(Refused(), since=datetime.now(UTC), threads=1)


def test_the_table_names_those_that_need_a_person_first_and_leaves_out_the_healthy():
    """So that the last screen of the log is enough."""
    assert render_table([FINE, SILENT, LOST]).splitlines() == [
        "1 lost, 1 valid, 1 without a verdict",
        "! lost       Page B (2)  revoked. Next: reconnect the Page.",
        "  no verdict Page C (3)  No verdict: debug_token: No answer within the time allowed.",
    ]
    assert summarise([]) == "nothing to check"


@pytest.fixture
def airflow(world: World, sandbox_server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> World:
    """Airflow's connections to a real database and the sandbox, as a task finds them."""
    sandbox_server.control.reset()
    url = make_url(world.url("airflow_login"))
    database = {"conn_type": "postgres", "host": url.query["host"], "login": url.username, "schema": url.database}
    app = {"conn_type": "facebook_graph", "login": DEFAULT_APP, "password": DEFAULT_APP_SECRET}
    monkeypatch.setenv("AIRFLOW_CONN_SOCIALPUB_DB", json.dumps(database))
    monkeypatch.setenv("AIRFLOW_CONN_FACEBOOK_APP", json.dumps({**app, "extra": {"graph_url": sandbox_server.url}}))
    monkeypatch.setenv("SOCIALPUB_TOKEN_KEYS", TOKEN_KEY)
    monkeypatch.setenv("SOCIALPUB_CHECK_GROUP_SIZE", "2")
    monkeypatch.setattr("airflow.sdk.bases.operator.ExecutorSafeguard.test_mode", True)
    load_settings.cache_clear()
    return world


def run_dag(page_id: str | None = None) -> list[str]:
    """Both tasks in order, as Airflow runs them; the label and the end of each group."""
    from airflow.sdk.exceptions import AirflowFailException

    from socialpub.operators.check_tokens import CheckTokensOperator, ChooseConnectionsOperator

    run = SimpleNamespace(dag_id="check_page_tokens", run_id="r1", start_date=datetime.now(UTC), run_after=None)
    context: Any = {"dag_run": run, "params": {"page_id": page_id}}
    ends = []
    for number, ids in enumerate(ChooseConnectionsOperator(task_id="choose").execute(context)):
        task = CheckTokensOperator(task_id=f"check_{number}", connection_ids=ids)
        try:
            task.execute(context)
            ends.append(f"green: {task.label}")
        except AirflowFailException:
            ends.append(f"red: {task.label}")
    return ends


def test_the_tasks_work_on_what_airflow_is_configured_with(airflow):
    """Groups of two: the one with a lost Page is red, the other green; then one Page by its id."""
    airflow.add_page("200000000000001", token="EAAGsandboxpagetoken200000000000001")
    for number in (2, 3):
        airflow.add_page(f"20000000000000{number}", name=f"Page {number}")
    with airflow.connect() as connection:
        connection.execute("update facebook_page_connections set checked_at = now() - interval '30 days'")
        connection.execute("update facebook_page_connections set checked_at = null where page_id = '200000000000001'")
    assert run_dag() == ["red: 1 lost, 1 valid", "red: 1 lost"]
    assert run_dag() == []
    assert run_dag("200000000000001") == ["green: 1 valid"]
    assert run_dag(" 200000000000002 ") == ["red: 1 lost"]
