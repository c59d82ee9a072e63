"""Connecting and checking Pages on the real stack: Airflow's own login, its scheduler, its logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import requests
from playwright.sync_api import expect, sync_playwright

from graph_sandbox.tokens import make_proof
from local_stack.environment import SANDBOX_APP_SECRET
from local_stack.stack import Stack
from socialpub.models.encrypted import EncryptedToken, TokenCipher
from tests.airflow_runs.conftest import Office, eventually
from tests.leaks import dump_database, find_leaks, read_files
from tests.needs import CHROMIUM, needs_chromium

pytestmark = pytest.mark.airflow

PAGE, THROTTLED = "360000000000001", "230000000000003"
STATUS = "select token_status from facebook_page_connections where page_id = %s"
SEEN: dict[str, str] = {}
"""The code and the state that went through the browser."""


@pytest.fixture
def larp(office) -> UUID:
    office.sandbox.add_page(PAGE, "Kronika Przeglądarki")
    office.sandbox.add_user("330000000000001", "Basia Nowak", accounts=[PAGE])
    [(larp_id,)] = office.rows("insert into larps (title) values ('Przeglądarka') returning id")
    return larp_id


def states(office: Office, run_id: str) -> list[str]:
    tasks = office.stack.airflow.task_instances("check_page_tokens", run_id)
    return [task["state"] for task in tasks if task["map_index"] >= 0]


@pytest.fixture(scope="module")
def throttled(stack: Stack) -> str:
    """The run of a check that Facebook has asked to come again in a minute; it waits beside the first tests."""
    office = Office(stack)
    office.add_page(THROTTLED, "Dławiona")
    office.sandbox.add_fault("throttle_80001", edge="debug_token", regain_minutes=1)
    run_id = stack.airflow.trigger("check_page_tokens", {"page_id": THROTTLED})
    eventually(lambda: states(office, run_id) == ["up_for_reschedule"], seconds=60, what=lambda: states(office, run_id))
    assert office.rows(STATUS, THROTTLED) == [("unchecked",)]
    return run_id


@pytest.mark.usefixtures("throttled")
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
    query = parse_qs(urlsplit(address).query)
    SEEN.update(code=query["code"][0], state=query["state"][0])


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


def test_the_check_waits_for_the_pause_that_facebook_asks_for(office, throttled):
    """The group comes back by itself, and no Page is judged by the refusal."""
    eventually(lambda: states(office, throttled) == ["success"], seconds=150, what=lambda: states(office, throttled))
    assert office.rows(STATUS, THROTTLED) == [("valid",)]


def test_nothing_secret_is_left_anywhere(office):
    """After all of the above and a post: both databases, all logs, XComs, task pages, OpenAPI and refusals."""
    stack = office.stack
    larp = office.add_page("230000000000004", "Ostatnia")
    office.sandbox.add_fault("token_460", page_id="230000000000004", method="POST", edge="feed")
    lost, good = office.schedule([larp], ["Nie wyjdzie"], due_in=1), office.rows(
        "select larp_id from facebook_page_connections where token_status = 'valid'"
    )  # fmt: skip
    posts = office.schedule([good[0][0]], ["Wyjdzie"], due_in=1)
    held = "select count(*) from facebook_page_connections where larp_id = %s and token_status = 'lost'"
    eventually(
        lambda: office.statuses(posts) == {"published": 1} and office.rows(held, larp) == [(1,)],
        seconds=150,
        what=lambda: (office.statuses(posts), office.statuses(lost)),
    )
    secrets = {**SEEN, "app secret": SANDBOX_APP_SECRET, **_stored_tokens(office)}
    secrets |= {f"key {number}": key for number, key in enumerate(stack.token_keys.split(","))}
    secrets |= {
        f"proof of {name}": make_proof(token, SANDBOX_APP_SECRET) for name, token in _stored_tokens(office).items()
    }
    places = [
        ("dump of airflow", dump_database(stack.postgres, "airflow")),
        ("dump of socialpub", dump_database(stack.postgres, "socialpub")),
        *read_files(stack.home.logs, "*"),
        *read_files(stack.home.airflow, "*.log"),
        *_answers(office, larp),
    ]
    assert {"code", "state"} <= secrets.keys() and len(_stored_tokens(office)) >= 4
    assert any("check_page_tokens" in place and place.endswith(".log") for place, _ in places)
    assert find_leaks(places, secrets) == []


def _stored_tokens(office) -> dict[str, str]:
    """Opened: every token that the installation holds."""
    cipher = TokenCipher.from_keys(office.stack.token_keys)
    rows = office.rows("select page_id, access_token, user_access_token from facebook_page_connections")
    return {
        f"{kind} token of {page_id}": cipher.decrypt(EncryptedToken(token)).reveal()
        for page_id, *tokens in rows
        for kind, token in zip(("page", "user"), tokens, strict=True)
        if token
    }


def _answers(office, larp: UUID) -> Iterator[tuple[str, str]]:
    """What Airflow's API shows of each run's tasks, and what our routes say to strangers and to nonsense."""
    stack, airflow = office.stack, office.stack.airflow
    for dag_id in ("check_page_tokens", "publish_due_posts"):
        for run in airflow.runs(dag_id)[:10]:
            path = f"dags/{dag_id}/dagRuns/{run['dag_run_id']}"
            yield f"{path}/xcomEntries", json.dumps(airflow.get(f"{path}/taskInstances/~/xcomEntries"))
            for task in airflow.task_instances(dag_id, run["dag_run_id"]):
                yield f"{path} {task['task_id']}", json.dumps(task)
                page = f"{path}/taskInstances/{task['task_id']}"
                if task["try_number"]:
                    where = f"{page}/logs/{task['try_number']}?map_index={task['map_index']}"
                    yield where, json.dumps(airflow.get(where))
    yield "OpenAPI", requests.get(f"{stack.airflow_url}/openapi.json", timeout=30).text
    root = f"{stack.airflow_url}/socialpub/backoffice/larp/{larp}/social/facebook"
    for path in ("", "/connect", "/status", f"/callback?code={SEEN['code']}&state={SEEN['state']}", "/nonsense"):
        answer = requests.get(root + path, allow_redirects=False, timeout=30)
        assert answer.status_code in (401, 404)
        yield path.partition("?")[0], f"{answer.headers}\n{answer.text}"


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
