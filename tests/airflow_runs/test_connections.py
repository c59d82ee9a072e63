"""Connecting and checking Pages on the real stack: Airflow's own login, its scheduler, its logs."""

from __future__ import annotations

from uuid import UUID

import pytest
from playwright.sync_api import expect, sync_playwright
from psycopg import connect
from tests.airflow_runs.conftest import eventually
from tests.needs import CHROMIUM, needs_chromium

pytestmark = pytest.mark.airflow

PAGE = "360000000000001"


@pytest.fixture
def larp(office) -> UUID:
    office.sandbox.add_page(PAGE, "Kronika Przeglądarki")
    office.sandbox.add_user("330000000000001", "Basia Nowak", accounts=[PAGE])
    [(larp_id,)] = office.rows("insert into larps (title) values ('Przeglądarka') returning id")
    return larp_id


@needs_chromium
def test_a_person_logs_in_to_airflow_and_connects_a_page(office, larp):
    """From the link in a message, through Airflow's login and Facebook's dialog, to the stored connection."""
    stack = office.stack
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        tab = browser.new_page()
        link = f"{stack.airflow_url}/socialpub/backoffice/larp/{larp}/social/facebook/connect"
        tab.goto(link)
        tab.get_by_label("Username").fill("admin")
        tab.get_by_label("Password").fill(stack.admin_password)
        tab.get_by_role("button", name="Sign in").click()
        tab.wait_for_load_state("networkidle")
        if "dialog/oauth" not in tab.url:
            tab.goto(link)
        expect(tab.get_by_role("heading")).to_have_text("Facebook (sandbox)")
        tab.get_by_label("Log in as").select_option(label="Basia Nowak")
        tab.get_by_role("button", name="Continue").click()
        address = tab.url
        tab.get_by_role("button", name="Connect Kronika Przeglądarki").click()
        expect(tab.get_by_role("heading")).to_have_text("Kronika Przeglądarki")
        browser.close()
    assert office.rows("select token_status, granted_by from facebook_page_connections where larp_id = %s", larp) == [
        ("valid", "Basia Nowak")
    ]
    code, state = (part.split("=", 1)[1].split("#")[0] for part in address.split("?")[1].split("&"))
    for path in stack.home.path.rglob("*.log"):
        text = path.read_text(errors="replace")
        assert code not in text and state not in text, path
    _require_no_token(office, [code, state])


def test_a_page_is_checked_on_demand_and_red_only_when_a_person_must_act(office):
    """A good one is green; a lost one is red, with the table and the way out in the log; its post is held."""
    larp = office.add_page("230000000000002", "Sprawdzana")
    assert run_check(office, "230000000000002") == ["success"]
    office.sandbox.revoke_token("EAAGsandboxpagetoken230000000000002", subcode=460)
    assert run_check(office, "230000000000002") == ["failed"]
    standing = "select token_status, token_problem from facebook_page_connections where larp_id = %s"
    assert office.rows(standing, larp) == [("lost", "revoked")]
    logs = "\n".join(
        path.read_text(errors="replace")
        for path in office.stack.home.path.rglob("*.log")
        if "check_page_tokens" in str(path)
    )
    assert "! lost" in logs and "Next: reconnect the Page" in logs
    assert office.rows("select count(*) from social_outbox where event = 'page_token_lost' and larp_id = %s", larp) == [
        (1,)
    ]
    _require_no_token(office, ["EAAGsandboxpagetoken230000000000002"])


def run_check(office, page_id: str) -> list[str]:
    """The states of the mapped tasks of a run for one Page."""
    airflow = office.stack.airflow
    run_id = airflow.trigger("check_page_tokens", {"page_id": page_id})

    def tasks() -> list[dict]:
        found = airflow.task_instances("check_page_tokens", run_id)
        return [task for task in found if task["task_id"] == "check" and task["map_index"] >= 0]

    eventually(
        lambda: bool(tasks()) and all(task["state"] in ("success", "failed") for task in tasks()),
        seconds=90,
        what=lambda: airflow.task_instances("check_page_tokens", run_id),
    )
    return [task["state"] for task in tasks()]


def _require_no_token(office, secrets: list[str]) -> None:
    """Neither Airflow's metadata nor the socialpub database, whose tokens are encrypted, show any of them."""
    with connect(office.stack.postgres.url("airflow").replace("+psycopg", "")) as connection:
        for table in ("xcom", "rendered_task_instance_fields", "log", "dag_run", "task_instance"):
            for (row,) in connection.execute(f"select row_to_json(t)::text from {table} as t"):
                assert not any(secret in row for secret in secrets), table
    for table in ("facebook_page_connections", "social_login_requests", "social_audit_log", "social_outbox"):
        for (row,) in office.rows(f"select row_to_json(t)::text from {table} as t"):
            assert not any(secret in row for secret in (*secrets, "EAAG")), table
