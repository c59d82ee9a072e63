"""One client, one process, many threads: each keeps its own answer, token and progress."""

from __future__ import annotations

import logging
import socket
import struct
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from socialpub import errors
from socialpub.graph.posts import FeedPost, inspect_token
from socialpub.graph.proof import sign_token
from socialpub.graph.settings import app_token
from socialpub.models.secret import Secret
from tests.graph.conftest import APP_SECRET, TOKEN, answer, open_client, reset, silence, then_close
from tests.graph.publishing import publish_feed_post

THREADS = 32
PUBLISHED = {"id": "1_2"}
MESSAGE = {"message": "Gates open at 18:00"}


class _Mirror(BaseHTTPRequestHandler):
    """Publishes the post of the form on the Page of the path: number 7 on Page 3 becomes `3_7`."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        page_id, message = self.path.split("/")[2], form["message"][0]
        self.server.arrivals.append((page_id, message, self.headers["Authorization"], form["appsecret_proof"][0]))  # type: ignore[attr-defined]
        time.sleep(int(message) % 5 / 500)  # so that answers overtake one another
        body = f'{{"id": "{page_id}_{message}"}}'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the output of the tests clean."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 2 * THREADS

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mirror)
        self.arrivals: list[tuple[str, str, str, str]] = []


@pytest.fixture
def mirror() -> Iterator[_Server]:
    with _Server() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield server
        server.shutdown()


def test_32_threads_get_their_own_answers(mirror):
    """Each Page posts with its own token, and each request arrives once."""
    client = open_client(f"http://127.0.0.1:{mirror.server_port}", connect_timeout=5, read_timeout=5)
    start = threading.Barrier(THREADS)

    def post_as(page: int) -> list[str]:
        start.wait()
        token = Secret(f"EAAGtokenOfPage{page}")
        return [publish_feed_post(client, str(page), token, FeedPost(str(number))).id for number in range(10)]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = dict(enumerate(pool.map(post_as, range(THREADS))))
    assert answers == {page: [f"{page}_{number}" for number in range(10)] for page in range(THREADS)}
    tokens = [Secret(f"EAAGtokenOfPage{page}") for page in range(THREADS)]
    assert Counter(mirror.arrivals) == Counter(
        (str(page), str(number), f"Bearer {token.reveal()}", sign_token(token, APP_SECRET).reveal())
        for page, token in enumerate(tokens)
        for number in range(10)
    )


def test_each_thread_knows_of_its_own_request_only(serve):
    """One was never sent, the other perhaps; at the same time."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        refusing = open_client(f"http://127.0.0.1:{taken.getsockname()[1]}")
        resetting = open_client(serve(reset).url)

        def send(number: int) -> type[Exception]:
            with pytest.raises(errors.GraphError) as caught:
                (refusing if number % 2 else resetting).post("1/feed", token=TOKEN, data=MESSAGE)
            return type(caught.value)

        with ThreadPoolExecutor(16) as pool:
            kinds = list(pool.map(send, range(64)))
    assert kinds == [errors.OutcomeUnknownError, errors.NotSentError] * 32


def test_a_request_is_judged_without_the_one_before_it(serve):
    """Unclear, then not sent, then unclear again, in one thread."""
    resetting = open_client(serve(reset).url)
    missing = open_client("http://graph.invalid")
    for client, kind in [(resetting, errors.OutcomeUnknownError), (missing, errors.NotSentError)] * 2:
        with pytest.raises(kind):
            client.post("1/feed", token=TOKEN, data=MESSAGE)


def test_a_dead_keep_alive_connection_to_a_gone_server_is_not_sent(serve):
    """The pool drops the closed connection, and the new one is refused."""
    server = serve(then_close(answer(PUBLISHED)))
    client = open_client(server.url)
    client.post("1/feed", token=TOKEN, data=MESSAGE)
    server.close()
    time.sleep(0.1)
    with pytest.raises(errors.NotSentError, match="refused"):
        client.post("1/feed", token=TOKEN, data=MESSAGE)
    assert len(server.writes) == 1


def test_a_reset_while_the_post_is_still_on_its_way_is_unclear():
    """The first bytes have left; how much the server made of them is not knowable from here."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def cut() -> None:
            connection, _ = listener.accept()
            connection.recv(1000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

        thread = threading.Thread(target=cut)
        thread.start()
        client = open_client(f"http://127.0.0.1:{listener.getsockname()[1]}", read_timeout=5)
        with pytest.raises(errors.OutcomeUnknownError):
            client.post("1/feed", token=TOKEN, data={"message": "x" * 20_000_000})
        thread.join()


@pytest.mark.parametrize(("method", "kind"), [("get", errors.TryAgainError), ("delete", errors.OutcomeUnknownError)])
@pytest.mark.parametrize("reply", [reset, silence, then_close(answer(b"{", status=502))])
def test_a_broken_read_may_be_repeated_a_broken_delete_not(serve, reply, method: str, kind: type[Exception]):
    """By the caller: the client itself repeats neither."""
    server = serve(reply)
    with pytest.raises(kind):
        getattr(open_client(server.url), method)("1_2", token=TOKEN)
    assert len(server.requests) == 1


def test_no_trace_of_an_exception_shows_a_secret(serve, caplog):
    """The HTTP library's own exceptions hold the URL with the proof; none may hang on ours."""
    caplog.set_level(logging.DEBUG)
    proof = sign_token(TOKEN, APP_SECRET).reveal()
    for url in (serve(reset).url, serve(silence).url, "http://graph.invalid", "http://127.0.0.1:1"):
        with pytest.raises(errors.GraphError) as caught:
            open_client(url).get("me", token=TOKEN)
        shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value)) + caplog.text
        for secret in (TOKEN.reveal(), proof, APP_SECRET.reveal()):
            assert secret not in shown
        assert caught.value.__context__ is None


def test_a_question_about_a_token_is_signed_for_the_token_that_asks(serve, caplog):
    """The proof belongs to the app token in the header, not to the token in the query; no log has any of them."""
    caplog.set_level(logging.DEBUG)
    server = serve(answer({"data": {"is_valid": True}}))
    client = open_client(server.url)
    assert inspect_token(client, TOKEN).is_valid
    asking = app_token(client.settings)
    proof = sign_token(asking, APP_SECRET).reveal()
    [request] = server.requests
    line, header = request.decode().split("\r\n", 1)
    assert line == f"GET /v26.0/debug_token?input_token={TOKEN.reveal()}&appsecret_proof={proof} HTTP/1.1"
    assert f"Authorization: Bearer {asking.reveal()}\r\n" in header
    assert "debug_token" in caplog.text
    for secret in (TOKEN.reveal(), proof, APP_SECRET.reveal()):
        assert secret not in caplog.text


def test_the_password_of_a_proxy_is_never_shown(serve, monkeypatch, caplog):
    """It stands in the environment, and a failure must not copy it into a row."""
    caplog.set_level(logging.DEBUG)
    proxy = serve(answer(b"<html>502</html>", status=502))
    monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("://", "://anna:the-proxy-password@"))
    monkeypatch.setenv("http_proxy", proxy.url.replace("://", "://anna:the-proxy-password@"))
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(errors.OutcomeUnknownError) as caught:
        open_client("http://graph.example").post("1/feed", token=TOKEN, data=MESSAGE)
    assert "the-proxy-password" not in caplog.text + str(caught.value) + repr(caught.value)
    [request] = proxy.requests
    assert f"Authorization: Bearer {TOKEN.reveal()}".encode() in request


def test_a_socks_proxy_that_fails_leaves_a_write_unclear(monkeypatch):
    """Its connections are not watched, so they can't prove that nothing left."""
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "socks5://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "")
    with pytest.raises(errors.OutcomeUnknownError):
        open_client("http://graph.example").post("1/feed", token=TOKEN, data=MESSAGE)
