"""Who may what: one table, and a test of every cell of it, and of every route there is."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
import requests
from fastapi import APIRouter
from tests.api.conftest import PREFIX, SIGNER

from socialpub.api.app import create_app
from socialpub.api.auth import GuardedRoute
from socialpub.api.resources import Resources
from socialpub.api.roles import Permission

SOCIAL = "/backoffice/larp/{larp_id}/social"
DRAFT = f"{SOCIAL}/drafts/{{draft_id}}"
DECISION = {"decision": "approved", "content_hash": "0" * 64}
UPLOAD = {"mime_type": "image/png", "size_bytes": 1}
RANGE = "?from=2027-01-01T00:00:00Z&until=2027-02-01T00:00:00Z"

# Route, body, and who of the people below may use it.
EVERYBODY = {"event_editor", "marketing_coordinator", "draft_owner", "social_approver", "admin"}
WRITERS = {"marketing_coordinator", "draft_owner", "admin"}  # The owner below is a coordinator.
TABLE = [
    ("GET", f"{SOCIAL}/drafts", None, EVERYBODY),
    ("POST", f"{SOCIAL}/drafts", {"title": "New"}, WRITERS),
    ("GET", DRAFT, None, EVERYBODY),
    ("PUT", DRAFT, {"title": "Changed"}, WRITERS),
    ("POST", f"{DRAFT}/submit", {}, {"draft_owner", "admin"}),
    ("POST", f"{DRAFT}/approve", DECISION, {"social_approver", "admin"}),
    ("POST", f"{DRAFT}/schedule", {"at": "2099-05-01T18:00"}, WRITERS),
    ("POST", f"{DRAFT}/unschedule", {}, WRITERS),
    ("POST", f"{DRAFT}/publish", {"reason": "because"}, {"social_approver", "admin"}),
    ("DELETE", DRAFT, None, {"admin"}),
    ("GET", f"{DRAFT}/attempts", None, EVERYBODY),
    ("GET", f"{DRAFT}/audit", None, EVERYBODY),
    ("GET", f"{SOCIAL}/calendar{RANGE}", None, EVERYBODY),
    ("GET", f"{SOCIAL}/connection", None, EVERYBODY),
    ("POST", f"{SOCIAL}/uploads", UPLOAD, WRITERS),
    ("GET", f"{SOCIAL}/uploads/{{upload_id}}", None, WRITERS),
    ("PATCH", f"{SOCIAL}/uploads/{{upload_id}}", b"x", WRITERS),
]
# Each person's roles in the LARP, in another LARP, and the status that is no entry.
PEOPLE = {
    "event_editor": (["event_editor"], [], 403),
    "marketing_coordinator": (["marketing_coordinator"], [], 403),
    "draft_owner": (["marketing_coordinator"], [], 403),
    "social_approver": (["social_approver"], [], 403),
    "admin": (["admin"], [], 403),
    "admin_of_another_larp": ([], ["admin"], 404),
    "without_any_role": ([], [], 404),
    "nobody": (None, None, 401),
}


@pytest.fixture
def draft(site):
    return add_draft(site)


def add_draft(site):
    return site.world.one(
        "insert into social_drafts (larp_id, title, body, created_by) values (%s, 'T', 'B', 'draft_owner')"
        " returning id", site.larp,
    )[0]  # fmt: skip


CELLS = [
    pytest.param(method, path, body, person, person in allowed, id=f"{method} {path.partition('?')[0]} {person}")
    for method, path, body, allowed in TABLE
    for person in PEOPLE
]


@pytest.mark.parametrize(("method", "path", "body", "person", "is_allowed"), CELLS)
def test_every_cell(site, method, path, body, person, is_allowed):
    """Whoever may is not refused for who they are; whoever may not is told so, and changes nothing."""
    roles, elsewhere, refusal = PEOPLE[person]
    draft = add_draft(site)
    before = count(site)
    answer = call(site, draft, method, path, body, person, roles, elsewhere)
    if is_allowed:
        assert answer.status_code not in (401, 403, 500), answer.text
        assert answer.status_code != 404 or answer.json()["code"] == "unknown_upload", answer.text
        assert method != "GET" or count(site) == before, "a GET changes nothing"
    else:
        assert (answer.status_code, answer.headers["content-type"]) == (refusal, "application/problem+json")
        assert count(site) == before


def call(site, draft, method, path, body, person, roles, elsewhere):
    where = path.format(larp_id=site.larp, draft_id=draft, upload_id=uuid4())
    headers = {"if-match": '"1"'} if method == "PUT" else {}
    if roles is not None:
        token = SIGNER.token(person, {str(site.larp): roles, str(uuid4()): elsewhere})
        headers["authorization"] = f"Bearer {token}"
    if isinstance(body, bytes):
        headers |= {"content-type": "application/offset+octet-stream", "upload-offset": "0"}
        return requests.request(method, f"{site.url}{PREFIX}{where}", data=body, headers=headers)
    return requests.request(method, f"{site.url}{PREFIX}{where}", json=body, headers=headers)


def count(site) -> tuple:
    return site.world.one(
        "select (select count(*) from social_audit_log), (select count(*) from social_uploads),"
        " (select max(version) from social_drafts)"
    )


def test_the_table_has_every_route_that_is_asked_a_role():
    """A new route has a row above, or another rule."""
    others = {
        Permission.SEE_PAGES, Permission.MANAGE_PAGES, Permission.BE_SOMEBODY, Permission.BE_FACEBOOK,
        Permission.READ_METRICS,
    }  # fmt: skip
    routes = [route for route in create_app(Resources()).routes if isinstance(route, GuardedRoute)]
    asked = {(m, route.path) for route in routes if route.permission not in others for m in route.methods}
    assert asked == {(method, path.partition("?")[0]) for method, path, _, _ in TABLE}


def test_every_route_of_the_app_is_guarded():
    assert all(isinstance(route, GuardedRoute) for route in create_app(Resources()).routes)


def test_a_route_without_a_rule_stops_the_start():
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(TypeError, match="asks for no permission"):
        router.get("/new")(lambda: None)


def test_another_larp_and_none_at_all_look_the_same(site, draft):
    """Nothing tells whether an id exists."""
    other = site.add_larp()
    token = {"authorization": f"Bearer {SIGNER.token('anna', {str(other): ['admin']})}"}
    answers = [
        requests.get(f"{site.url}{PREFIX}/backoffice/larp/{larp}/social/drafts/{draft}", headers=token)
        for larp in (site.larp, uuid4())
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].json() == answers[1].json()
    inside = requests.get(f"{site.url}{PREFIX}/backoffice/larp/{other}/social/drafts/{draft}", headers=token)
    assert (inside.status_code, inside.json()["code"]) == (404, "unknown_draft")


@pytest.mark.parametrize(("method", "path", "body"), [row[:3] for row in TABLE], ids=[f"{r[0]} {r[1]}" for r in TABLE])
def test_a_larp_that_there_is_not_is_not_there_for_an_admin_of_all(site, draft, method, path, body):
    """Nor is a draft of another one."""
    where = path.format(larp_id=uuid4(), draft_id=draft, upload_id=uuid4())
    headers = {"authorization": f"Bearer {SIGNER.token('root', {'*': ['admin']})}", "if-match": '"1"'}
    kind = "application/offset+octet-stream" if isinstance(body, bytes) else "application/json"
    content = body if isinstance(body, bytes) else json.dumps(body)
    headers |= {"content-type": kind, "upload-offset": "0"}
    answer = requests.request(method, f"{site.url}{PREFIX}{where}", data=content, headers=headers)
    assert answer.status_code == 404, answer.text
    assert answer.json()["code"] in ("unknown_larp", "unknown_draft", "unknown_upload")


OF_ONE_THING = [row[:3] for row in TABLE if "_id}" in row[1].removeprefix(SOCIAL)]


@pytest.mark.parametrize(("method", "path", "body"), OF_ONE_THING, ids=[f"{r[0]} {r[1]}" for r in OF_ONE_THING])
def test_what_another_larp_has_is_like_what_there_is_not(site, draft, method, path, body):
    """Word by word, for an admin who knows its id: no route tells that it exists, and none touches it."""
    upload = site.world.one(
        "insert into social_uploads (larp_id, created_by, storage_path, mime_type, size_bytes)"
        " values (%s, 'anna', 'uploads/x.png', 'image/png', 1) returning id", site.larp,
    )[0]  # fmt: skip
    site.larp, before, answers = site.add_larp(), count(site), []
    for draft_id, upload_id in ((draft, upload), (uuid4(), uuid4())):
        where = path.format(larp_id="{larp_id}", draft_id=draft_id, upload_id=upload_id)
        answer = call(site, draft_id, method, where, body, "anna", ["admin"], [])
        answers.append((answer.status_code, answer.text.replace(str(draft_id), "ID").replace(str(upload_id), "ID")))
    assert answers[0] == answers[1]
    assert answers[0][0] == 404, answers
    assert count(site) == before


WRITES = [row[:3] for row in TABLE if row[0] != "GET"]


@pytest.mark.parametrize(("method", "path", "body"), WRITES, ids=[f"{r[0]} {r[1]}" for r in WRITES])
def test_no_write_by_cookie_goes_without_our_token(site, draft, method, path, body):
    """Whatever the route: what another site could have a browser send changes nothing."""
    where = path.format(larp_id=site.larp, draft_id=draft, upload_id=uuid4())
    before, cookie = count(site), {"cookie": "test_user=ewa:ADMIN", "if-match": '"1"', "upload-offset": "0"}
    kind = "application/offset+octet-stream" if isinstance(body, bytes) else "application/json"
    content = body if isinstance(body, bytes) else json.dumps(body)
    for origin in (site.url, "https://evil.example"):
        headers = cookie | {"origin": origin, "content-type": kind}
        answer = requests.request(method, f"{site.url}{PREFIX}{where}", data=content, headers=headers)
        assert answer.status_code == 403, answer.text
        assert answer.json()["code"] in ("csrf_token_missing", "foreign_origin")
    assert count(site) == before


WRITE = {"title": "New"}


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({}, 201, None),
        ({"content-type": "text/plain"}, 415, "json_required"),
        ({"content-type": "application/x-www-form-urlencoded"}, 415, "json_required"),
        ({"origin": None}, 403, "foreign_origin"),
        ({"origin": "https://evil.example"}, 403, "foreign_origin"),
        ({"origin": "null"}, 403, "foreign_origin"),
        ({"x-csrf-token": None}, 403, "csrf_token_missing"),
        ({"x-csrf-token": "forged"}, 403, "csrf_token_missing"),
    ],
    ids=str,
)
def test_a_write_by_cookie_needs_json_our_origin_and_our_token(site, change, status, code):
    root = f"{site.url}{PREFIX}/backoffice"
    cookie = {"cookie": "test_user=ewa:ADMIN"}
    csrf = requests.get(f"{root}/social/session", headers=cookie).json()["csrf_token"]
    headers = {"content-type": "application/json", "origin": site.url, "x-csrf-token": csrf} | cookie | change
    told = {name: value for name, value in headers.items() if value is not None}
    answer = requests.post(f"{root}/larp/{site.larp}/social/drafts", data='{"title": "New"}', headers=told)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert site.world.one("select count(*) from social_drafts") == (1 if status == 201 else 0,)


def test_a_csrf_token_of_another_person_is_none(site):
    root = f"{site.url}{PREFIX}/backoffice"
    csrf = requests.get(f"{root}/social/session", headers={"cookie": "test_user=ola:ADMIN"}).json()["csrf_token"]
    headers = {"origin": site.url, "x-csrf-token": csrf, "cookie": "test_user=ewa:ADMIN"}
    assert requests.post(f"{root}/larp/{site.larp}/social/drafts", json=WRITE, headers=headers).status_code == 403
