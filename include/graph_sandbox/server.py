"""The sandbox as a server: configured once for the command line and for tests."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType

import uvicorn

from graph_sandbox.app import build_app
from graph_sandbox.control import SandboxControl
from graph_sandbox.protocol import CuttableProtocol
from graph_sandbox.state import World

START_TIMEOUT_SECONDS = 10.0
BACKLOG = 4_096
"""Connections waiting to be accepted: enough for a thousand clients that start at once."""


def make_server(world: World, *, host: str, port: int, public_url: str | None = None) -> uvicorn.Server:
    """Return a server that is not started yet. Hung connections do not hold up its end for more than a second."""
    return uvicorn.Server(
        uvicorn.Config(
            build_app(world, public_url=public_url),
            host=host,
            port=port,
            http=CuttableProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=60,
            timeout_graceful_shutdown=1,
        )
    )


class SandboxServer:
    """A sandbox on a free local port, for the length of a `with` block; it runs in a thread of this process.

    `url` is its address, `control` its control client.
    """

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, latency_seconds: float = 0.0) -> None:
        self._world = World()
        self._world.settings.latency_seconds = latency_seconds
        self._socket = _listen(host, port)
        address = self._socket.getsockname()
        self.url = f"http://{host}:{address[1]}"
        self.control = SandboxControl(self.url)
        self._server = make_server(self._world, host=host, port=address[1])
        self._thread = threading.Thread(target=self._run, name="graph-sandbox", daemon=True)

    def start(self) -> SandboxServer:
        """Start serving and return when the sandbox answers.

        Raises:
            RuntimeError: it did not start within ten seconds.
        """
        self._thread.start()
        deadline = time.monotonic() + START_TIMEOUT_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("The Graph sandbox did not start")
            time.sleep(0.01)
        return self

    def stop(self) -> None:
        """Stop serving, cutting what still hangs, and delete the files it kept."""
        self._server.should_exit = True
        self._thread.join(timeout=5)
        self.control.close()
        self._world.library.close()

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> SandboxServer:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    return listener
