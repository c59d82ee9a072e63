"""The webhook over HTTP: the handshake, signed deliveries, and how soon they are answered."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime

import pytest
import requests
from tests.api.conftest import PAGE, PREFIX

from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET, DEFAULT_PAGE_TOKEN
from graph_sandbox.tokens import make_proof
from socialpub.graph.client import GraphClient
from socialpub.graph.settings import GraphSettings
from socialpub.graph.webhook import read_events, sign_delivery
from socialpub.models.secret import Secret
from socialpub.services.smoke import SmokeTest, find_sandbox_pages, mark_sandbox

SECRET = Secret(DEFAULT_APP_SECRET)
LIMIT = 4 << 20


def address(site) -> str:
    return f"{site.url}{PREFIX}/api/social/facebook/status"


def body(*post_ids: str) -> bytes:
    changes = [
        {"field": "feed", "value": {"item": "status", "verb": "add", "post_id": post_id, "published": 1}}
        for post_id in post_ids
    ]
    return json.dumps({"object": "page", "entry": [{"id": PAGE, "time": 1700000000, "changes": changes}]}).encode()


def send(site, content: bytes, **headers: str) -> requests.Response:
    signed = {"content-type": "application/json", "x-hub-signature-256": sign_delivery(content, SECRET)}
    return requests.post(address(site), data=content, headers=signed | headers)


def stored(site) -> int:
    return site.world.one("select count(*) from social_webhook_events")[0]


def handshake(site, **change: str) -> requests.Response:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": "our-verify-token"}
    return requests.get(address(site), params=query | change)


def test_the_handshake_gives_the_challenge_back(site):
    answer = handshake(site)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "change", [{"hub.verify_token": "other"}, {"hub.verify_token": ""}, {"hub.mode": "x"}], ids=str
)
def test_a_handshake_without_our_token_is_refused(site, change):
    answer = handshake(site, **change)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_our_token")
    assert "1158201444" not in answer.text


def test_without_a_token_of_ours_there_is_no_handshake(site):
    """An empty one is nobody's, also where none is set."""
    object.__setattr__(site.settings, "webhook_token", "")
    assert handshake(site, **{"hub.verify_token": ""}).json()["code"] == "not_our_token"


def test_a_signed_delivery_is_stored_once(site):
    assert send(site, body("1_2", "1_3")).json() == {"stored": 2}
    assert send(site, body("1_3", "1_4")).json() == {"stored": 1}
    assert stored(site) == 3


@pytest.mark.parametrize("signature", ["", "sha256=" + "0" * 64, "sha1=x"])
def test_an_unsigned_delivery_is_refused_and_leaves_nothing(site, signature):
    answer = send(site, body("1_2"), **{"x-hub-signature-256": signature})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_signed")
    assert stored(site) == 0


def test_a_delivery_that_is_too_large_is_refused(site):
    """Whether it says so beforehand or not."""
    too_large = body("1_2").ljust(LIMIT + 1)
    pieces = (too_large[at : at + 65_536] for at in range(0, len(too_large), 65_536))
    for answer in (send(site, too_large), requests.post(address(site), data=pieces)):
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert stored(site) == 0


def test_a_full_batch_at_the_limit_is_taken_whole_and_read_beside_the_loop(site, monkeypatch):
    """A thousand changes, as many as Facebook sends at once; the loop that serves Airflow's tasks passes them on."""
    readers: list[str] = []

    def read(content: bytes):
        readers.append(threading.current_thread().name)
        return read_events(content)

    monkeypatch.setattr("socialpub.api.webhook.read_events", read)
    assert send(site, body(*(f"1_{number}" for number in range(1000))).ljust(LIMIT)).json() == {"stored": 1000}
    assert stored(site) == 1000
    assert readers[0].startswith("AnyIO worker thread")


def test_signed_bytes_that_are_no_json_are_refused(site):
    assert send(site, b"no json").status_code == 400
    assert stored(site) == 0


def test_deliveries_are_answered_within_100_ms(site):
    """After storing; comparing comes later. The median, because this machine does other things as well."""
    send(site, body("1_0"))
    times = []
    for number in range(30):
        content, begun = body(f"1_{number + 1}"), time.perf_counter()
        assert send(site, content).status_code == 200
        times.append(time.perf_counter() - begun)
    assert sorted(times)[15] < 0.1, times
    assert stored(site) == 31


def test_what_is_stored_is_compared_without_anybody_asking(site):
    """A post that Facebook held is published within seconds of its event."""
    larp = site.world.add_page()
    post = site.world.schedule(larp, due_in=3600)
    for move in (
        "set status = 'queued', claimed_by = 'r', lease_expires_at = now()", "set status = 'publishing'",
        f"set status = 'handed_over', facebook_post_id = '{PAGE}_7', handed_over_at = now(),"
        " handed_over_for = publish_at",
    ):  # fmt: skip
        site.world.run(f"update social_scheduled_posts {move}")
    send(site, body(f"{PAGE}_7"))
    deadline = time.monotonic() + 10
    while site.world.status(post) != "published":
        assert time.monotonic() < deadline, site.world.one("select outcome from social_webhook_events")
        time.sleep(0.05)


def test_the_sandbox_tells_what_appears_on_a_page_and_what_goes(site):
    """As Facebook would, signed; a receiver that does not know the secret takes nothing."""
    control = site.sandbox.control
    control.set_webhook(address(site))
    control.subscribe_page(PAGE)
    graph, token = f"{site.sandbox.url}/v26.0", DEFAULT_PAGE_TOKEN
    proof = make_proof(token, DEFAULT_APP_SECRET)
    signed = {"access_token": token, "appsecret_proof": proof}
    post_id = requests.post(f"{graph}/{PAGE}/feed", data={"message": "Zażółć a/b 😀", **signed}).json()["id"]
    requests.delete(f"{graph}/{post_id}", params=signed)
    deadline = time.monotonic() + 10
    while stored(site) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with site.world.connect() as connection:
        events = connection.execute(
            "select payload ->> 'verb', payload ->> 'message', facebook_post_id from social_webhook_events order by id"
        ).fetchall()
    assert events == [("add", "Zażółć a/b 😀", post_id), ("remove", None, post_id)]


def test_the_smoke_test_sees_its_own_webhook(site):
    """Told by the sandbox over HTTP, signed, of a post that nobody sees: the whole way that a real one would take."""
    site.world.add_page(PAGE)
    site.world.run("update facebook_page_connections set feed_subscribed_at = now()")
    control = site.sandbox.control
    control.set_webhook(address(site))
    control.subscribe_page(PAGE)
    engine = site.world.engine(pool_size=1)
    mark_sandbox(engine, PAGE, is_sandbox=True, actor="anna")
    [page] = find_sandbox_pages(engine)
    client = GraphClient(GraphSettings(DEFAULT_APP, SECRET, graph_url=site.sandbox.url))
    smoke = SmokeTest(engine, client, page, Secret(DEFAULT_PAGE_TOKEN))
    control.change_settings(tells_of_unseen_posts=True)
    assert list(smoke.run(datetime(2027, 1, 2, 3, 13, tzinfo=UTC))) == [
        "publish", "read_back", "webhook", "delete", "see_it_gone",
    ]  # fmt: skip
    assert site.world.one("select outcome, payload -> 'published' from social_webhook_events") == ("ignored", 0)
    engine.dispose()
