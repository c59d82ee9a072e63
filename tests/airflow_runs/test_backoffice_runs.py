"""A draft's whole life over HTTP at the real API server, to a live post; and each refusal on the way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import requests

from graph_sandbox.samples import make_png
from tests.airflow_runs.conftest import Office, eventually
from tests.api.client import Client
from tests.api.conftest import PREFIX

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400)]


@dataclass
class Place:
    url: str
    larp: UUID


def place(office: Office, page_id: str, name: str) -> Place:
    return Place(office.stack.airflow_url, office.add_page(page_id, name))


def refusal(answer: requests.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    assert answer.json()["next_step"]
    return answer.status_code, answer.json()["code"]


def airflow_token(office: Office) -> str:
    """What Airflow gives for a password: the same token is the cookie of its pages."""
    login = {"username": "admin", "password": office.stack.admin_password}
    return str(requests.post(f"{office.stack.airflow_url}/auth/token", json=login).json()["access_token"])


def soon(seconds: float) -> str:
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


def wait_for(client: Client, draft: dict, status: str) -> dict:
    path = f"/drafts/{draft['id']}"
    eventually(
        lambda: client.call("GET", path).json()["status"] == status,
        seconds=120,
        what=lambda: client.call("GET", path).json(),
    )
    return client.call("GET", path).json()


def test_from_two_photos_to_a_live_album(office):
    """Two people write and approve, a third looks on, and who has no business there finds nothing."""
    where = place(office, "281000000000001", "Whole life")
    anna = Client(where, "anna", "marketing_coordinator", "social_approver")
    ola, piotr = Client(where, "ola", "social_approver"), Client(where, "piotr", "event_editor")
    stranger = Client(Place(where.url, uuid4()), "jan", "admin")
    stranger.root = anna.root
    assert refusal(requests.get(f"{anna.root}/drafts"))[0] == 401
    assert refusal(stranger.call("GET", "/drafts")) == (404, "unknown_larp")
    assert refusal(piotr.call("POST", "/drafts", {"title": "T"})) == (403, "not_allowed")

    photos = [{"upload_id": anna.upload(make_png(number)), "alt_text": "Las"} for number in (1, 2)]
    draft = anna.create(title="Obóz", body="Tu się spotkamy.", assets=photos)
    approval = {"decision": "approved", "content_hash": draft["content_hash"]}
    assert refusal(anna.move(draft, "schedule", {"at": soon(3600)}))[0] == 409
    assert refusal(ola.move(draft, "approve", approval)) == (409, "illegal_move")
    assert refusal(ola.move(draft, "submit")) == (403, "not_the_owner")
    assert anna.move(draft, "submit").json()["draft"]["status"] == "pending_approval"
    assert refusal(anna.approve(draft)) == (409, "approval_refused")
    assert refusal(piotr.move(draft, "approve", approval)) == (403, "not_allowed")
    assert refusal(ola.move(draft, "approve", approval | {"content_hash": "0" * 64})) == (412, "stale_draft")
    assert ola.approve(draft).json()["status"] == "approved"
    assert refusal(ola.move(draft, "schedule", {"at": soon(3600)})) == (403, "not_allowed")
    assert refusal(anna.move(draft, "schedule", {"at": soon(-60)})) == (409, "illegal_move")
    assert refusal(anna.move(draft, "schedule", {"at": "2099-03-29T02:30"})) == (422, "local_time")
    planned = anna.move(draft, "schedule", {"at": soon(25)}).json()
    assert planned["status"] == "scheduled"
    assert refusal(anna.call("DELETE", f"/drafts/{draft['id']}")) == (403, "not_allowed")

    live = wait_for(piotr, draft, "published")
    [schedule] = live["schedules"]
    assert schedule["permalink_url"] and schedule["facebook_post_id"]
    [sent] = [a for a in office.stack.sandbox.arrivals(edge="feed", method="POST") if a.message == "Tu się spotkamy."]
    due = datetime.fromisoformat(schedule["publish_at"])
    assert 0 <= sent.arrived_at - due.timestamp() <= 2.0
    [attempt] = piotr.call("GET", f"/drafts/{draft['id']}/attempts").json()["attempts"]
    assert (attempt["outcome"], attempt["dag_id"]) == ("published", "publish_due_posts")
    told = [(e["actor"], e["action"]) for e in piotr.call("GET", f"/drafts/{draft['id']}/audit").json()["entries"]]
    assert ("anna", "draft.created") in told and ("ola", "draft.approved_by_approver") in told
    assert told[-1][1] == "scheduled_post.published"

    edit = anna.call("PUT", f"/drafts/{draft['id']}", {"title": "Inny"}, **{"if-match": f'"{live["version"]}"'})
    assert refusal(edit)[0] == 409
    assert refusal(anna.move(draft, "unschedule"))[0] == 409
    assert refusal(ola.move(draft, "publish", {"reason": "Again"})) == (409, "post_not_ready")


def test_publish_now_names_the_run_that_publishes(office):
    """In the API server's own process; a repeated request starts no second run."""
    where = place(office, "282000000000001", "Right now")
    anna, ola = Client(where, "anna", "marketing_coordinator"), Client(where, "ola", "social_approver")
    draft = anna.create(body="Bramy otwarte.")
    assert refusal(ola.move(draft, "publish", {"reason": "Now!"})) == (409, "post_not_ready")
    anna.move(draft, "submit")
    ola.approve(draft)
    assert refusal(anna.move(draft, "publish", {"reason": "Now!"})) == (403, "not_allowed")
    assert refusal(ola.move(draft, "publish", {"reason": ""})) == (422, "invalid_request")
    first, again = (
        ola.move(draft, "publish", {"reason": "The gates open"}, **{"idempotency-key": "gates"}) for _ in "12"
    )
    assert first.status_code == again.status_code == 202, first.text
    assert first.json() == again.json() and again.headers["idempotency-replayed"] == "true"

    wait_for(anna, draft, "published")
    [attempt] = anna.call("GET", f"/drafts/{draft['id']}/attempts").json()["attempts"]
    run_id, url = attempt["run_id"], first.json()["run_url"]
    assert (attempt["dag_id"], attempt["outcome"], first.json()["run_id"]) == ("publish_post_now", "published", run_id)
    assert url == first.headers["location"] == f"{where.url}/dags/publish_post_now/runs/{run_id}"
    told = anna.call("GET", f"/drafts/{draft['id']}/audit").json()["entries"]
    assert ("ola", "scheduled_post.queued") in {(entry["actor"], entry["action"]) for entry in told}
    airflow = office.stack.airflow
    eventually(
        lambda: airflow.get(f"dags/publish_post_now/dagRuns/{run_id}")["state"] == "success",
        seconds=30, what=lambda: airflow.task_instances("publish_post_now", run_id),
    )  # fmt: skip
    page = requests.get(url, cookies={"_token": airflow_token(office)})
    assert page.ok and page.url == url and "text/html" in page.headers["content-type"]
    assert (
        len([a for a in office.stack.sandbox.arrivals(edge="feed", method="POST") if a.message == "Bramy otwarte."])
        == 1
    )


def test_airflows_own_login_is_an_admin_and_a_page_with_its_cookie_has_to_prove_itself(office):
    """The real login of the real API server: as a token, and as the cookie that a browser sends by itself."""
    where = place(office, "283000000000001", "By cookie")
    token, anna = airflow_token(office), Client(where, "anna", "marketing_coordinator")
    root, cookie = f"{where.url}{PREFIX}/backoffice", {"_token": token}
    seen = requests.get(f"{root}/social/session", cookies=cookie).json()
    assert (seen["name"], seen["roles"]) == ("airflow:admin", {"*": ["admin"]})
    proof = {"origin": where.url, "x-csrf-token": seen["csrf_token"]}
    for missing in proof:
        headers = {name: value for name, value in proof.items() if name != missing}
        refused = requests.post(f"{anna.root}/drafts", json={"title": "T"}, cookies=cookie, headers=headers)
        assert refusal(refused)[0] == 403
    made = requests.post(f"{anna.root}/drafts", json={"title": "T", "body": "B"}, cookies=cookie, headers=proof).json()
    assert made["created_by"] == "airflow:admin"
    draft = anna.create()
    anna.move(draft, "submit")
    decision = {"decision": "approved", "content_hash": draft["content_hash"]}
    bearer = {"authorization": f"Bearer {token}"}
    done = requests.post(f"{anna.root}/drafts/{draft['id']}/approve", json=decision, headers=bearer)
    assert (done.json()["status"], done.json()["approvals"][0]["approver"]) == ("approved", "airflow:admin")
    nowhere = requests.get(f"{root}/larp/{uuid4()}/social/drafts", headers=bearer)
    assert refusal(nowhere) == (404, "unknown_larp")
