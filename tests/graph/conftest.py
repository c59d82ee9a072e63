"""A server that answers byte for byte what a test tells it, and counts what reached it."""

from __future__ import annotations

import contextlib
import io
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from graph_sandbox.samples import make_png
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET, DEFAULT_PAGE, DEFAULT_PAGE_TOKEN
from socialpub.graph.client import GraphClient
from socialpub.graph.media import MediaFile
from socialpub.graph.photos import upload_photo
from socialpub.graph.settings import GraphSettings
from socialpub.models.secret import Secret

Reply = Callable[[socket.socket], None]


class ScriptedServer:
    """Reads whole requests from each connection and gives each one the next reply, the last one for ever."""

    def __init__(self, *replies: Reply, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self._replies = list(replies)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        port = self._listener.getsockname()[1]
        return f"https://localhost:{port}" if self._tls else f"http://127.0.0.1:{port}"

    @property
    def writes(self) -> list[bytes]:
        return [request for request in self.requests if request.startswith(b"POST")]

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed by the end of the test
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):  # a client that hangs up is part of many a test
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                while request := _read_request(connection):
                    with self._lock:
                        self.requests.append(request)
                        reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
                    reply(connection)


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            return b""  # the client gave up: no whole request arrived
        body += piece
    return head + b"\r\n\r\n" + body


def answer(body: object = None, *, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """A whole HTTP answer; `body` is bytes as they are, or JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


def raw(data: bytes) -> Reply:
    return lambda connection: connection.sendall(data)


def then_close(reply: Reply) -> Reply:
    def send(connection: socket.socket) -> None:
        reply(connection)
        connection.close()

    return send


def reset(connection: socket.socket) -> None:
    """Ends the connection with a TCP reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def silence(connection: socket.socket) -> None:
    """Never answers; returns when the client hangs up."""
    connection.recv(1)


@dataclass(frozen=True)
class SeenFile:
    """A file as it arrived in a multipart form."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Seen:
    """A request taken apart; `form` has the fields of either kind of form."""

    method: str
    path: str
    query: dict[str, str]
    headers: Message
    body: bytes
    form: dict[str, str] = field(default_factory=dict)
    files: dict[str, SeenFile] = field(default_factory=dict)


def take_apart(request: bytes) -> Seen:
    head, _, body = request.partition(b"\r\n\r\n")
    line, _, lines = head.partition(b"\r\n")
    method, target, _ = line.decode().split(" ")
    headers = BytesParser().parsebytes(lines + b"\r\n\r\n", headersonly=True)
    url = urlsplit(target)
    seen = Seen(method, url.path, dict(parse_qsl(url.query, strict_parsing=bool(url.query))), headers, body)
    if headers.get_content_type() == "application/x-www-form-urlencoded":
        seen.form.update(parse_qsl(body.decode("ascii"), strict_parsing=True))
    if headers.get_content_type() == "multipart/form-data":
        _take_parts(seen, body.split(b"--" + str(headers.get_param("boundary")).encode()))
    return seen


def _take_parts(seen: Seen, pieces: list[bytes]) -> None:
    assert pieces[0] == b""
    assert pieces[-1] == b"--\r\n", "the form is not closed"
    for piece in pieces[1:-1]:
        head, _, content = piece.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        part = BytesParser().parsebytes(head + b"\r\n\r\n", headersonly=True)
        name = str(part.get_param("name", header="content-disposition"))
        if filename := part.get_filename():
            seen.files[name] = SeenFile(filename, part.get_content_type(), content)
        else:
            seen.form[name] = content.decode()


Serve = Callable[..., ScriptedServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    servers: list[ScriptedServer] = []

    def start(*replies: Reply, tls: ssl.SSLContext | None = None) -> ScriptedServer:
        servers.append(ScriptedServer(*replies, tls=tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


APP_ID = "100000000000001"
APP_SECRET = Secret("the-app-secret")
TOKEN = Secret("EAAGpageTokenOfTheTests")
PAGE_TOKEN = Secret(DEFAULT_PAGE_TOKEN)

# The sandbox's faults `committed_then_…`: each leaves a client without knowing whether its request was carried out.
UNCLEAR = ("500", "500_code1", "reset", "close", "hang", "html_502", "html_503", "200_garbage", "empty_200",
           "truncated_json", "cut_body", "200_error_body", "transient")  # fmt: skip


def open_client(url: str, **settings: Any) -> GraphClient:
    """A client whose every host is the given one, with the patience of a test."""
    chosen = {"graph_video_url": url, "connect_timeout": 0.5, "read_timeout": 0.5, "upload_timeout": 0.5, **settings}
    return GraphClient(GraphSettings(APP_ID, APP_SECRET, graph_url=url, **chosen))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def client(sandbox: SandboxServer) -> GraphClient:
    """A client of the sandbox's own app; the sandbox is as new."""
    sandbox.control.reset()
    hosts = {"graph_url": sandbox.url, "graph_video_url": sandbox.url}
    return GraphClient(
        GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), read_timeout=1, upload_timeout=1, **hosts)
    )


def png(seed: int = 0) -> MediaFile:
    content = make_png(seed)
    return MediaFile(io.BytesIO(content), len(content), f"{seed}.png", "image/png")


def upload_png(client: GraphClient, seed: int = 0, **more: Any) -> str:
    """Upload a photo of one colour to the sandbox's Page and return its id."""
    return upload_photo(client, DEFAULT_PAGE, PAGE_TOKEN, png(seed), **more)
