"""One web server for all tests of a process: to start and stop one takes longer than most tests."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Collection

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send


class Front:
    """Serves `app` at `url`, whichever it is at the moment."""

    app: ASGIApp

    def __init__(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(self._answer, interface="asgi3", lifespan="off", log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)

    def finish(self, tasks: Collection[object] = ()) -> None:
        """Wait until no request is answered any more, nor `tasks` are left: their database is about to go."""
        deadline = time.monotonic() + 5
        while (self._server.server_state.tasks or tasks) and time.monotonic() < deadline:
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=5)
