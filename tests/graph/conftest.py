"""A server that answers byte for byte what a test tells it, and counts what reached it."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from socialpub.graph.client import GraphClient
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
        body += connection.recv(65536)
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


def open_client(url: str, **settings: float) -> GraphClient:
    chosen = {"connect_timeout": 0.5, "read_timeout": 0.5, **settings}
    return GraphClient(GraphSettings(APP_ID, APP_SECRET, graph_url=url, **chosen))
