"""Was anything sent, and may it have been carried out? Decided on real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from socialpub import errors
from socialpub.graph.client import LONGEST_ANSWER, GraphClient
from tests.graph.conftest import TOKEN, Reply, ScriptedServer, answer, open_client, raw, reset, silence, then_close

PUBLISHED = {"id": "1_2", "permalink_url": "https://www.facebook.com/1/posts/2"}
ERROR_500 = {"error": {"message": "Please reduce the amount of data", "code": 1, "type": "OAuthException"}}


def send(client: GraphClient) -> object:
    return client.post("1/feed", token=TOKEN, data={"message": "Gates open at 18:00"})


def test_a_name_that_does_not_resolve_is_not_sent():
    """DNS fails before any byte could leave."""
    with pytest.raises(errors.NotSentError, match="could not be resolved"):
        send(open_client("http://graph.invalid"))


def test_a_connection_that_is_never_accepted_is_not_sent():
    """A full backlog stands for a firewall that drops: no answer to the first packet."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        time.sleep(0.1)
        with pytest.raises(errors.NotSentError, match="No connection within the time"):
            send(open_client(f"http://127.0.0.1:{port}"))
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (silence, "No answer within the time"),
        (reset, "was reset"),
        (then_close(raw(b"")), "was reset"),
        (then_close(raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":")), "broke off|not a JSON object"),
        (then_close(raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}")), "broke off|without a valid"),
        (raw(b"SSH-2.0-OpenSSH_9.9\r\n"), "without a valid answer|No answer within"),
        (answer(b"<html>Bad gateway</html>", status=502), "not a JSON object"),
        (answer(b"<html>Welcome to the hotel</html>"), "not a JSON object"),
        (answer(b""), "not a JSON object"),
        (answer(b"[" * 100_000), "not a JSON object"),
        (answer([PUBLISHED]), "not a JSON object"),
        (answer(ERROR_500, status=500), "reduce the amount"),
        (answer({"error": {"message": "A code nobody knows", "code": 987654}}, status=400), "nobody knows"),
        (answer({"error": {"message": "Try later", "code": 100, "is_transient": True}}, status=400), "Try later"),
        (answer({}, status=403), "names no error"),
        (answer(b"x" * (LONGEST_ANSWER + 1)), "too long"),
    ],
)  # fmt: skip
def test_whatever_is_unclear_after_sending_may_have_been_carried_out(serve, reply: Reply, words: str):
    """Unknown, never "not sent" and never "refused"; and one request is one request."""
    server = serve(reply)
    with pytest.raises(errors.OutcomeUnknownError, match=words):
        send(open_client(server.url))
    assert len(server.writes) == 1


def test_an_answer_that_drips_ends_at_its_time(serve):
    """Each byte in time, the whole never: a lane must not hang on it."""

    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b" ")
            time.sleep(0.05)

    started = time.monotonic()
    with pytest.raises(errors.OutcomeUnknownError, match="too long to arrive"):
        send(open_client(serve(drip).url))
    assert time.monotonic() - started < 2


def test_a_stale_keep_alive_connection_is_unclear_and_not_sent_again(serve):
    """Whether the server read the request before it closed is not knowable from here."""
    server = serve(answer(PUBLISHED), reset, answer(PUBLISHED))
    client = open_client(server.url)
    send(client)
    with pytest.raises(errors.OutcomeUnknownError):
        send(client)
    assert len(server.writes) == 2
    send(client)  # the next one gets a new connection


def test_an_idle_connection_that_the_server_closed_does_not_count_as_unsent(serve):
    """The pool notices and opens a new one, or the outcome is unknown; never two requests for one."""
    server = serve(then_close(answer(PUBLISHED)))
    client = open_client(server.url)
    for _ in range(5):
        time.sleep(0.05)
        send(client)
    assert len(server.writes) == 5


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_a_write_is_not_followed(serve, status: int):
    """The token and the post go to the host of the connection only."""
    elsewhere = serve(answer(PUBLISHED))
    server = serve(answer({}, status=status, headers={"Location": f"{elsewhere.url}/1/feed"}))
    with pytest.raises(errors.OutcomeUnknownError):
        send(open_client(server.url))
    assert len(server.writes) == 1
    assert elsewhere.requests == []


def test_retry_after_makes_nobody_send_twice(serve):
    """503 with Retry-After is an invitation that a write must not take."""
    server = serve(answer({}, status=503, headers={"Retry-After": "0"}))
    with pytest.raises(errors.OutcomeUnknownError):
        send(open_client(server.url))
    assert len(server.writes) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost that nobody trusts by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_a_certificate_that_is_not_trusted_ends_before_the_request(serve, tls: ssl.SSLContext):
    """The handshake fails, so the token never left."""
    server = serve(answer(PUBLISHED), tls=tls)
    with pytest.raises(errors.NotSentError, match="TLS connection failed"):
        send(open_client(server.url))
    assert server.requests == []


def test_a_peer_that_speaks_no_tls_is_not_sent(serve):
    """Plain HTTP on the TLS port."""
    server = serve(answer(PUBLISHED))
    with pytest.raises(errors.NotSentError):
        send(open_client(server.url.replace("http:", "https:")))
    assert server.writes == []


@pytest.mark.parametrize("reply", [reset, silence, then_close(raw(b""))])
def test_a_tls_connection_that_dies_after_sending_is_unclear(serve, tls, certificate, monkeypatch, reply: Reply):
    """`requests` raises the same SSLError for a failed handshake; only the progress tells them apart."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    server = serve(reply, tls=tls)
    with pytest.raises(errors.OutcomeUnknownError):
        send(open_client(server.url))
    assert len(server.writes) == 1


def test_a_proxy_that_refuses_is_not_sent(serve, tls: ssl.SSLContext, monkeypatch):
    """CONNECT is not the request: nothing of the post has left."""
    proxy = serve(answer({}, status=407))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(errors.NotSentError):
        send(open_client("https://graph.example"))
    assert [request.split()[0] for request in proxy.requests] == [b"CONNECT"]
    assert TOKEN.reveal().encode() not in proxy.requests[0]


def wait_for(server: ScriptedServer, *, connections: int) -> None:
    deadline = time.monotonic() + 5
    while server.connections < connections:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_request_takes_the_connection_that_was_opened_ahead(serve, tls, certificate, monkeypatch):
    """With its handshake: at its second, a post costs one exchange of bytes."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    server = serve(answer(PUBLISHED), tls=tls)
    client = open_client(server.url)
    client.connect_ahead()
    wait_for(server, connections=1)
    assert server.requests == []
    send(client)
    assert (server.connections, len(server.writes)) == (1, 1)


def test_each_thread_has_its_own_connection_ahead(serve):
    """Or a burst would share one and open the others at its second."""
    server = serve(answer(PUBLISHED))
    client = open_client(server.url)
    both_open = threading.Barrier(2)

    def publish(_: int) -> None:
        client.connect_ahead()
        both_open.wait(5)
        send(client)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(publish, range(2)))
    assert (server.connections, len(server.writes)) == (2, 2)


def test_a_connection_ahead_that_was_closed_meanwhile_is_opened_anew(serve):
    """Seen before anything is written, so it is no unclear outcome."""
    gone = socket.create_server(("127.0.0.1", 0))
    client = open_client(f"http://127.0.0.1:{gone.getsockname()[1]}")
    client.connect_ahead()
    gone.accept()[0].close()
    time.sleep(0.05)
    served = threading.Thread(target=lambda: _answer_one(gone), daemon=True)
    served.start()
    send(client)
    served.join(5)
    gone.close()


def _answer_one(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        answer(PUBLISHED)(connection)


def test_no_connection_ahead_is_told_by_the_request_alone():
    """Facebook may be back by then."""
    client = open_client("http://graph.invalid")
    client.connect_ahead()
    with pytest.raises(errors.NotSentError, match="could not be resolved"):
        send(client)


def test_nothing_is_opened_ahead_through_a_proxy(serve, monkeypatch):
    """Its tunnel is made with the request."""
    proxy = serve(answer(PUBLISHED))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "")
    open_client("http://graph.example").connect_ahead()
    assert proxy.connections == 0
