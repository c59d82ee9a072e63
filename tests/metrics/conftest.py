"""The plugin's app on a real port, for those who read metrics."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from fastapi import FastAPI

from socialpub.access_settings import MetricsAccess
from socialpub.api.app import create_app
from socialpub.api.resources import Resources
from socialpub.settings import Settings
from tests.conftest import World

Serve = Callable[[MetricsAccess], str]


@pytest.fixture
def serve(world: World) -> Iterator[Serve]:
    """Starts the app as the API server mounts it, with what opens its metrics; returns their URL."""
    running: list[tuple[uvicorn.Server, threading.Thread, Resources]] = []

    def start(access: MetricsAccess) -> str:
        resources = Resources(lambda: world.engine(pool_size=2), settings=lambda: Settings(metrics=access))
        root, listener = FastAPI(), socket.create_server(("127.0.0.1", 0))
        root.mount("/socialpub", create_app(resources))
        server = uvicorn.Server(uvicorn.Config(root, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        running.append((server, thread, resources))
        while not server.started:
            time.sleep(0.01)
        return f"http://127.0.0.1:{listener.getsockname()[1]}/socialpub/metrics"

    yield start
    for server, thread, resources in running:
        server.should_exit = True
        thread.join(timeout=5)
        resources.close()
    logging.getLogger("uvicorn.error").handlers.clear()
