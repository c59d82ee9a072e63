"""A draft's whole life over HTTP, with each refusal on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
import requests
from tests.api.client import Client

from graph_sandbox.samples import make_png


@pytest.fixture
def larp(site):
    site.larp = site.world.add_page()
    return site.larp


@pytest.fixture
def anna(site, larp):
    return Client(site, "anna", "marketing_coordinator", "social_approver")


@pytest.fixture
def ola(site, larp):
    return Client(site, "ola", "social_approver")


def approved(anna, ola, **content) -> dict:
    draft = anna.create(**content)
    assert anna.move(draft, "submit").status_code == 200
    return ola.approve(draft).json()


def test_from_two_photos_to_the_schedule(site, anna, ola):
    """Own approval refused, another's taken; the time of a clock is the instant that is meant."""
    photos = [anna.upload(make_png(number)) for number in (1, 2)]
    draft = anna.create(assets=[{"upload_id": photo, "alt_text": "Las"} for photo in photos])
    assert [asset["type"] for asset in draft["assets"]] == ["photo", "photo"]
    submitted = anna.move(draft, "submit")
    assert (submitted.status_code, submitted.json()["draft"]["status"]) == (200, "pending_approval")
    own = anna.approve(draft)
    assert (own.status_code, own.json()["code"]) == (409, "approval_refused")
    assert "four eyes" in own.json()["next_step"]
    assert ola.approve(draft).json()["status"] == "approved"
    planned = anna.move(draft, "schedule", {"at": "2099-07-01T18:00"}).json()
    assert planned["status"] == "scheduled"
    [schedule] = planned["schedules"]
    assert (schedule["publish_at"], schedule["wall_time"]) == ("2099-07-01T16:00:00Z", "2099-07-01T18:00:00")
    actors = {
        (entry["actor"], entry["action"])
        for entry in anna.call("GET", f"/drafts/{draft['id']}/audit").json()["entries"]
    }
    assert {("anna", "draft.created"), ("ola", "draft.approved_by_approver")} <= actors
    assert anna.call("GET", f"/drafts/{draft['id']}/attempts").json() == {"attempts": []}
    calendar = anna.call("GET", "/calendar?from=2099-07-01T00:00:00Z&until=2099-07-02T00:00:00Z").json()
    assert [line["id"] for line in calendar["drafts"]] == [draft["id"]]
    assert anna.call("GET", "/connection").json()["page"]["waiting_posts"] == 1


def test_an_edit_of_what_was_scheduled_voids_it_all(anna, ola):
    draft = approved(anna, ola)
    planned = anna.move(draft, "schedule", {"at": "2099-07-01T18:00"})
    edit = anna.call("PUT", f"/drafts/{draft['id']}", {"title": "Inny"}, **{"if-match": planned.headers["etag"]})
    assert (edit.status_code, edit.json()["status"]) == (200, "draft")
    assert edit.json()["schedules"][0]["status"] == "canceled"


def test_an_update_names_the_version_it_changes(anna):
    draft = anna.create()
    path, body = f"/drafts/{draft['id']}", {"title": "Inny"}
    assert anna.call("PUT", path, body).json()["code"] == "if_match_missing"
    for wrong in ('"99"', '"x"', "*"):
        assert anna.call("PUT", path, body, **{"if-match": wrong}).status_code == 412
    seen = anna.call("GET", path).headers["etag"]
    assert anna.call("PUT", path, body, **{"if-match": seen}).status_code == 200
    assert anna.call("PUT", path, body, **{"if-match": seen}).json()["code"] == "stale_draft"


def test_a_rejection_needs_words_and_returns_the_draft(anna, ola):
    draft = anna.create()
    anna.move(draft, "submit")
    no = {"decision": "rejected", "content_hash": draft["content_hash"]}
    assert ola.move(draft, "approve", no).json()["code"] == "approval_refused"
    rejected = ola.move(draft, "approve", no | {"comment": "Which Saturday?"}).json()
    assert rejected["status"] == "draft" and rejected["approvals"][-1]["comment"] == "Which Saturday?"


def test_a_decision_on_what_was_edited_meanwhile_is_refused(anna, ola):
    draft = anna.create()
    anna.move(draft, "submit")
    answer = ola.move(draft, "approve", {"decision": "approved", "content_hash": "0" * 64})
    assert (answer.status_code, answer.json()["code"]) == (412, "stale_draft")


def test_an_empty_draft_is_not_submitted_and_all_is_said_why(anna):
    answer = anna.move(anna.create(body=""), "submit")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_ready")
    assert [finding["code"] for finding in answer.json()["findings"]] == ["nothing_to_publish"]


@pytest.mark.parametrize(
    ("body", "status", "choices"),
    [
        ({"at": "2099-03-29T02:30"}, 422, ["2099-03-29T01:59", "2099-03-29T03:00"]),
        ({"at": "2099-10-25T02:30"}, 422, ["+02:00", "+01:00"]),
        ({"at": "2099-10-25T02:30", "offset": "+01:00"}, 200, None),
        ({"at": "2099-07-01T18:00", "time_zone": "Mars/Olympus"}, 422, None),
        ({"at": "2020-07-01T18:00"}, 409, None),
        ({"at": "2099-13-01T18:00"}, 422, None),
    ],
    ids=str,
)
def test_a_wall_time_that_is_none_or_two_is_asked_about(anna, ola, body, status, choices):
    answer = anna.move(approved(anna, ola), "schedule", body)
    assert (answer.status_code, answer.json().get("choices")) == (status, choices), answer.text


def test_an_unscheduled_draft_stays_approved_and_a_canceled_one_is_over(site, anna, ola):
    draft = approved(anna, ola)
    anna.move(draft, "schedule", {"at": "2099-07-01T18:00"})
    assert anna.move(draft, "unschedule", {"reason": "Rain"}).json()["status"] == "approved"
    assert anna.move(draft, "unschedule").json()["code"] == "illegal_move"
    admin = Client(site, "ewa", "admin")
    assert admin.call("DELETE", f"/drafts/{draft['id']}").json()["status"] == "canceled"
    assert anna.move(draft, "schedule", {"at": "2099-07-01T18:00"}).status_code == 409


def test_publish_now_starts_a_run_and_links_it(site, anna, ola):
    draft = anna.create()
    assert ola.move(draft, "publish", {"reason": "Now!"}).json()["code"] == "post_not_ready"
    assert site.started == []
    anna.move(draft, "submit")
    ola.approve(draft)
    answer = ola.move(draft, "publish", {"reason": "Now!"})
    assert (answer.status_code, answer.json()["run_id"]) == (202, "manual__1")
    assert answer.headers["location"] == answer.json()["run_url"]
    assert site.started == [(UUID(draft["id"]), "Now!", "ola")]


def test_the_same_key_gets_the_same_answer_and_one_draft(site, anna):
    key, body = {"idempotency-key": "create-1"}, {"title": "Raz"}
    first, again = (anna.call("POST", "/drafts", body, **key) for _ in range(2))
    assert (again.status_code, again.json()) == (201, first.json())
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (None, "true")
    assert again.headers["etag"] == first.headers["etag"] and again.headers["location"] == first.headers["location"]
    assert anna.call("POST", "/drafts", {"title": "Dwa"}, **key).json()["code"] == "idempotency_key_reused"
    assert Client(site, "zoe", "admin").call("POST", "/drafts", body, **key).json()["id"] != first.json()["id"]
    assert site.world.one("select count(*) from social_drafts") == (2,)


def test_ten_requests_with_one_key_at_once_make_one_draft(site, anna):
    def create(_: int) -> requests.Response:
        headers = dict(anna.session.headers) | {"idempotency-key": "race"}
        return requests.post(f"{anna.root}/drafts", json={"title": "Raz"}, headers=headers)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(create, range(10)))
    [draft] = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    late = [answer for answer in answers if answer.status_code != 201]
    assert all((answer.json()["code"], answer.headers["retry-after"]) == ("still_at_work", "1") for answer in late)
    again = create(11)
    assert (again.json()["id"], again.headers["idempotency-replayed"]) == (draft, "true")
    assert site.world.one("select count(*) from social_drafts") == (1,)


def test_of_ten_edits_of_one_version_at_once_one_is_taken(anna):
    """The others learn that they saw an old one, and what is there is one of them as a whole."""
    draft = anna.create()

    def edit(number: int) -> requests.Response:
        headers = dict(anna.session.headers) | {"if-match": f'"{draft["version"]}"'}
        content = {"title": f"Nr {number}", "body": f"Tekst {number}"}
        return requests.put(f"{anna.root}/drafts/{draft['id']}", json=content, headers=headers)

    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(edit, range(10)))
    [taken] = [answer for answer in answers if answer.status_code == 200]
    # Who waits longer than half a second for the row is told to try again; nobody's edit goes unseen.
    refusals = {answer.json()["code"] for answer in answers if answer is not taken}
    assert refusals <= {"stale_draft", "database_unavailable"}
    found = anna.call("GET", f"/drafts/{draft['id']}").json()
    assert (found["title"], found["version"]) == (taken.json()["title"], draft["version"] + 1)
    assert found["body"][-1] == found["title"][-1]


def test_a_refused_request_may_try_its_key_again(anna, ola):
    draft = anna.create()
    key = {"idempotency-key": "plan"}
    assert anna.move(draft, "schedule", {"at": "2099-07-01T18:00"}, **key).status_code == 409
    anna.move(draft, "submit")
    ola.approve(draft)
    assert anna.move(draft, "schedule", {"at": "2099-07-01T18:00"}, **key).status_code == 200


def test_a_list_goes_page_by_page_and_by_status(anna):
    drafts = [anna.create(title=f"Nr {number}")["id"] for number in range(5)]
    anna.move({"id": drafts[0]}, "submit")
    seen, cursor = [], ""
    while cursor is not None:
        page = anna.call("GET", f"/drafts?limit=2{cursor and f'&cursor={cursor}'}").json()
        seen += [line["id"] for line in page["drafts"]]
        cursor = page["next_cursor"]
    assert seen == drafts[::-1]
    found = anna.call("GET", "/drafts?status=pending_approval&status=approved").json()["drafts"]
    assert [line["id"] for line in found] == drafts[:1]
    assert anna.call("GET", "/drafts?page_id=1").json() == {"drafts": [], "next_cursor": None}
    assert anna.call("GET", "/drafts?cursor=nonsense").status_code == 409


@pytest.mark.parametrize(
    "content",
    [{"title": ""}, {"title": " "}, {"body": "x" * 63_001}, {"link": "ftp://x"}, {"titel": "x"}, {"body": "a\0b"},
     {"assets": [{"upload_id": "no"}]}, {"first_comment_delay_minutes": -1}],
    ids=lambda content: str(content)[:30],
)  # fmt: skip
def test_what_is_no_draft_is_refused_part_by_part(anna, content):
    answer = anna.call("POST", "/drafts", {"title": "T"} | content)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert next(iter(content)) in answer.json()["errors"][0]["place"]


def test_only_finished_uploads_of_the_larp_become_assets(anna):
    begun = anna.call("POST", "/uploads", {"mime_type": "image/png", "size_bytes": 9}).json()["id"]
    for upload_id in (begun, str(uuid4())):
        answer = anna.call("POST", "/drafts", {"title": "T", "assets": [{"upload_id": upload_id}]})
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_upload")


def test_a_file_of_another_larp_is_as_unknown_as_none(site, anna):
    """As a photo, as a video's picture, in a new draft and in an edit; though the person may use it there."""
    site.larp, own = site.add_larp(), site.larp
    theirs = Client(site, "anna", "marketing_coordinator").upload(make_png(3))
    site.larp = own
    [kept] = anna.create(assets=[{"upload_id": anna.upload(make_png(1))}])["assets"]
    draft = anna.create()
    edit = {"if-match": f'"{draft["version"]}"'}
    for upload_id in (theirs, str(uuid4())):
        for asset in ({}, {"upload_id": anna.upload(make_png(2)), "thumbnail_upload_id": upload_id}):
            content = {"title": "T", "assets": [{"upload_id": upload_id} | asset]}
            for answer in (
                anna.call("POST", "/drafts", content),
                anna.call("PUT", f"/drafts/{draft['id']}", content, **edit),
            ):
                assert (answer.status_code, answer.json()["code"]) == (404, "unknown_upload")
                assert answer.json()["detail"] == f"The LARP has no finished upload {upload_id}."
    # An asset's own id is good in its own draft only.
    answer = anna.call("POST", "/drafts", {"title": "T", "assets": [{"upload_id": kept["id"]}]})
    assert answer.json()["code"] == "unknown_upload"


def test_an_update_keeps_assets_by_their_ids(anna):
    draft = anna.create(assets=[{"upload_id": anna.upload(make_png(1))}])
    [asset] = draft["assets"]
    body = {"title": "Inny", "assets": [{"upload_id": asset["id"]}]}
    changed = anna.call("PUT", f"/drafts/{draft['id']}", body, **{"if-match": f'"{draft["version"]}"'}).json()
    assert [kept["storage_path"] for kept in changed["assets"]] == [asset["storage_path"]]


def test_the_request_id_is_in_the_audit_log(anna):
    draft = anna.call("POST", "/drafts", {"title": "T"}, **{"x-request-id": "req-7"}).json()
    [entry] = anna.call("GET", f"/drafts/{draft['id']}/audit").json()["entries"]
    assert entry["request_id"] == "req-7"


@pytest.mark.parametrize("is_announced", [True, False])
def test_a_request_that_is_larger_than_any_draft_is_not_gathered(site, anna, is_announced):
    """Neither for somebody known nor for anybody else: who it is would be asked only after its last byte."""
    content = b'{"title": "' + b"x" * (4 << 20) + b'"}'
    parts = content if is_announced else (content[at : at + 65_536] for at in range(0, len(content), 65_536))
    answer = requests.post(f"{anna.root}/drafts", data=parts, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    longest = anna.create(title="T", body="\U0001f600" * 63_000)
    assert len(longest["body"]) == 63_000
