"""The wire: forms real clients use, arrivals, usage headers, limits, load, and the process itself."""

from __future__ import annotations

import json
import logging
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import requests

from graph_sandbox.control import SandboxControl
from graph_sandbox.samples import make_png
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP_SECRET, DEFAULT_PAGE, DEFAULT_PAGE_TOKEN
from graph_sandbox.tokens import make_proof

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph


PROOF = make_proof(DEFAULT_PAGE_TOKEN, DEFAULT_APP_SECRET)
SIGNED = {"access_token": DEFAULT_PAGE_TOKEN, "appsecret_proof": PROOF}


def test_facebook_business_form(
    graph: Graph, control: SandboxControl, server: SandboxServer, error_of: ErrorOf
) -> None:
    """Token and proof in the query, urlencoded body, nested values as JSON, booleans as words."""
    due = int(time.time()) + 3600
    body = {"message": "hi", "published": "false", "scheduled_publish_time": due}
    address = f"{server.url}/v25.0/{DEFAULT_PAGE}/feed"
    assert graph.session.post(address, params=SIGNED, data=body).status_code == 200
    with_media = body | {"attached_media": '[{"media_fbid":"9"}]'}
    assert error_of(graph.session.post(address, params=SIGNED, data=with_media)) == (400, 100, None)
    assert [arrival.token_transport for arrival in control.arrivals()] == ["query", "query"]
    assert control.posts(DEFAULT_PAGE)[0].scheduled_publish_time == due


def test_python_facebook_form(graph: Graph, control: SandboxControl, server: SandboxServer) -> None:
    """`fields` in the query, everything else in the urlencoded body."""
    address = f"{server.url}/v25.0/{DEFAULT_PAGE}/feed"
    response = graph.session.post(address, params={"fields": "id"}, data={"message": "x", **SIGNED})
    assert set(response.json()) == {"id"}
    assert control.arrivals()[0].token_transport == "form"


def test_facebook_sdk_form(graph: Graph, server: SandboxServer) -> None:
    """A GET of /me answers with the version that served it."""
    response = graph.session.get(f"{server.url}/v25.0/me", params=SIGNED)
    assert response.headers["facebook-api-version"] == "v25.0"


def test_multipart_form(graph: Graph, control: SandboxControl, server: SandboxServer) -> None:
    """Parameters may come as multipart; the text survives."""
    parts = {name: (None, value) for name, value in {"message": "zażółć", "published": "true", **SIGNED}.items()}
    assert graph.session.post(f"{server.url}/{DEFAULT_PAGE}/feed", files=parts).status_code == 200
    assert control.posts(DEFAULT_PAGE)[0].message == "zażółć"
    assert control.arrivals()[0].token_transport == "form"


def test_json_body(graph: Graph, control: SandboxControl, server: SandboxServer, error_of: ErrorOf) -> None:
    """Parameters may come as JSON with real booleans; a text that is no string is refused."""
    address = f"{server.url}/v26.0/{DEFAULT_PAGE}/feed"
    assert graph.session.post(address, json={"message": "x", "published": False, **SIGNED}).status_code == 200
    assert error_of(graph.session.post(address, json={"message": 5, **SIGNED})) == (400, 100, None)
    assert error_of(graph.session.post(address, json={"message": "\ud83d", **SIGNED})) == (400, 100, None)
    media = {"attached_media": [{"media_fbid": "9"}]}
    assert error_of(graph.session.post(address, json={"message": "x", **media, **SIGNED})) == (400, 100, None)
    assert control.arrivals()[0].token_transport == "json"
    assert [post.is_published for post in control.posts(DEFAULT_PAGE)] == [False]


@pytest.mark.parametrize("scheme", ["Bearer", "OAuth"])
def test_header_token(graph: Graph, control: SandboxControl, server: SandboxServer, scheme: str) -> None:
    """Both schemes carry a token."""
    headers = {"Authorization": f"{scheme} {DEFAULT_PAGE_TOKEN}"}
    data = {"message": "x", "appsecret_proof": PROOF}
    assert graph.session.post(f"{server.url}/{DEFAULT_PAGE}/feed", data=data, headers=headers).status_code == 200
    assert control.arrivals()[0].token_transport == "header"


def test_an_unversioned_call_is_served_by_the_oldest_version(graph: Graph, server: SandboxServer) -> None:
    """The answer's header tells the version."""
    assert graph.session.get(f"{server.url}/me", params=SIGNED).headers["facebook-api-version"] == "v21.0"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[]"),
        ("application/x-www-form-urlencoded", b"message=%FF"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(1001))),
        ("multipart/form-data", b"x"),
    ],
)
def test_a_malformed_body_is_code_100(
    graph: Graph, server: SandboxServer, error_of: ErrorOf, content_type: str, body: bytes
) -> None:
    """What cannot be read is refused, and the server lives on."""
    headers = {"Content-Type": content_type, "Authorization": f"Bearer {DEFAULT_PAGE_TOKEN}"}
    assert error_of(graph.session.post(f"{server.url}/{DEFAULT_PAGE}/feed", data=body, headers=headers)) == (
        400,
        100,
        None,
    )
    graph.publish("x")


def test_a_huge_body_is_refused_before_it_is_read(graph: Graph, server: SandboxServer) -> None:
    """The answer to a 50 MB body comes after little more than the first megabyte of it."""
    host, port = server.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        head = f"POST /{DEFAULT_PAGE}/feed HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n"
        connection.sendall(head.encode() + b"x" * 1_100_000)
        assert connection.recv(4096).startswith(b"HTTP/1.1 413")
    graph.publish("x")


def test_an_arrival_tells_everything_but_the_secrets(
    graph: Graph, control: SandboxControl, server: SandboxServer
) -> None:
    """Method, edge, Page, text, time, user agent; neither token nor proof."""
    before = time.time()
    headers = {"User-Agent": "socialpub/0.1"}
    params = {"message": "Cześć", "link": "https://example.org/", **SIGNED}
    graph.session.post(f"{server.url}/v26.0/{DEFAULT_PAGE}/feed", data=params, headers=headers)
    arrival = control.arrivals(since=before, edge="feed", method="POST", page_id=DEFAULT_PAGE)[0]
    assert before <= arrival.arrived_at <= time.time()
    assert (arrival.message, arrival.user_agent, arrival.status) == ("Cześć", "socialpub/0.1", 200)
    assert arrival.params == {"message": "Cześć", "link": "https://example.org/"}
    assert arrival.has_proof
    assert arrival.committed == control.posts(DEFAULT_PAGE)[0].id
    assert control.arrivals(since=time.time() + 1) == control.arrivals(edge="posts") == []


def test_a_refused_request_is_an_arrival_without_a_post(graph: Graph, control: SandboxControl) -> None:
    """What was refused arrived all the same."""
    graph.post(message="")
    arrival = control.arrivals()[0]
    assert (arrival.status, arrival.committed) == (400, None)


def test_usage_headers_are_there_when_scripted(graph: Graph, control: SandboxControl) -> None:
    """X-App-Usage for the app, X-Business-Use-Case-Usage for the Page, minutes in the latter."""
    assert "x-app-usage" not in graph.get("me").headers
    control.set_app_usage(percent=81)
    control.set_page_usage(DEFAULT_PAGE, percent=97, regain_minutes=12)
    headers = graph.get("me").headers
    assert json.loads(headers["x-app-usage"])["call_count"] == 81
    entry = json.loads(headers["x-business-use-case-usage"])[DEFAULT_PAGE][0]
    assert (entry["call_count"], entry["estimated_time_to_regain_access"]) == (97, 12)
    control.set_page_usage(DEFAULT_PAGE, percent=None)
    assert "x-business-use-case-usage" not in graph.get("me").headers


def test_answers_escape_as_facebook_does(graph: Graph) -> None:
    """JSON is ASCII with escaped slashes, which only a real JSON parser undoes."""
    response = graph.post(message="ż a/b", fields="message")
    assert b'"\\u017c a\\/b"' in response.content
    assert response.json()["message"] == "ż a/b"


def test_latency_delays_answers_but_not_each_other(
    graph: Graph, control: SandboxControl, server: SandboxServer
) -> None:
    """Twenty concurrent reads with 0.2 s latency take far less than twenty times that."""
    control.set_latency(0.2)
    started = time.monotonic()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: requests.get(f"{server.url}/me", params=SIGNED, timeout=5), range(20)))
    took = time.monotonic() - started
    assert all(answer.status_code == 200 for answer in answers)
    assert 0.2 <= took < 2


def test_a_thousand_connections_are_served_together(control: SandboxControl, server: SandboxServer) -> None:
    """A thousand connections hold an unanswered request at the same time, and all get their answer."""
    control.set_latency(1.0)
    host, port = server.url.removeprefix("http://").split(":")
    request = f"GET /me?access_token={DEFAULT_PAGE_TOKEN}&appsecret_proof={PROOF} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    connections = [socket.create_connection((host, int(port)), timeout=10) for _ in range(1000)]
    try:
        for connection in connections:
            connection.sendall(request)
        answers = [connection.recv(4096) for connection in connections]
    finally:
        for connection in connections:
            connection.close()
    assert sum(answer.startswith(b"HTTP/1.1 200") for answer in answers) == 1000


def test_the_log_shows_no_token(graph: Graph, server: SandboxServer, caplog: pytest.LogCaptureFixture) -> None:
    """A token in the query string does not reach the log."""
    with caplog.at_level(logging.INFO, logger="graph_sandbox"):
        graph.session.get(f"{server.url}/v26.0/me", params=SIGNED)
        deadline = time.monotonic() + 2
        while "-> 200" not in caplog.text and time.monotonic() < deadline:
            time.sleep(0.01)
    assert "GET /v26.0/me -> 200" in caplog.text
    assert DEFAULT_PAGE_TOKEN not in caplog.text
    assert PROOF not in caplog.text


def test_a_server_with_a_hung_request_stops_within_three_seconds() -> None:
    """A client that hangs does not hold up the end of a test."""
    with SandboxServer() as server:
        server.control.add_fault("hang")
        seen: list[str] = []

        def wait() -> None:
            try:
                requests.get(f"{server.url}/me", timeout=10)
            except requests.RequestException as error:
                seen.append(type(error).__name__)

        waiter = threading.Thread(target=wait)
        waiter.start()
        while not server.control.arrivals():
            time.sleep(0.01)
        started = time.monotonic()
    waiter.join(timeout=3)
    assert time.monotonic() - started < 3
    assert seen


def test_the_files_of_a_server_end_with_it() -> None:
    """What was uploaded does not stay on the disk."""
    with SandboxServer() as server:
        headers, data = {"Authorization": f"Bearer {DEFAULT_PAGE_TOKEN}"}, {"appsecret_proof": PROOF}
        files = {"source": ("a.png", make_png())}
        assert requests.post(f"{server.url}/{DEFAULT_PAGE}/photos", files=files, data=data, headers=headers).ok
        [photo] = server._world.library.photos.values()
        assert photo.file.path.exists()
    assert not photo.file.path.parent.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_and_ends_in_order(number: signal.Signals) -> None:
    """`python -m graph_sandbox` prints its address, answers, and exits with 0 on a signal."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "graph_sandbox", "--port", str(port), "--latency", "0.01"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert f"http://127.0.0.1:{port}" in process.stdout.readline()
        answer = None
        while answer is None:
            try:
                answer = requests.get(f"http://127.0.0.1:{port}/me", params=SIGNED, timeout=5)
            except requests.ConnectionError:
                time.sleep(0.05)
        assert answer.json()["id"] == DEFAULT_PAGE
        process.send_signal(number)
        assert process.wait(timeout=5) == 0
        assert DEFAULT_PAGE_TOKEN not in process.stderr.read()
