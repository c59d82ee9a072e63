"""The plugin's app as Airflow mounts it, on a real port, with Airflow's own access log and auth manager around it."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
import structlog
import uvicorn
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.common.http_access_log import HttpAccessLogMiddleware
from airflow.api_fastapi.core_api.security import get_user
from fastapi import FastAPI, HTTPException, Request
from tests.conftest import TOKEN_KEY, World

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET
from socialpub.api.app import create_app
from socialpub.api.resources import Resources
from socialpub.graph.client import GraphClient
from socialpub.graph.settings import GraphSettings
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.connections import FacebookConnectionService

PAGE = "200000000000001"
PREFIX = "/socialpub"


def read_test_user(request: Request) -> SimpleAuthManagerUser:
    """Stands for Airflow's session cookie: `test_user=name:ROLE`."""
    name, _, role = request.cookies.get("test_user", "").partition(":")
    if not name:
        raise HTTPException(401, "Not authenticated")
    return SimpleAuthManagerUser(username=name, role=role or "ADMIN")


@dataclass
class Site:
    """The app, its database, the sandbox, and what Airflow's access log has written."""

    world: World
    sandbox: SandboxServer
    url: str
    larp: UUID
    log: list[str]

    @property
    def larp_url(self) -> str:
        return self.larp_root(self.larp)

    def larp_root(self, larp: UUID) -> str:
        return f"{self.url}{PREFIX}/backoffice/larp/{larp}/social/facebook"

    def add_larp(self, title: str = "Inny") -> UUID:
        return self.world.one("insert into larps (title) values (%s) returning id", title)[0]

    def connected(self) -> list[str]:
        with self.world.connect() as connection:
            rows = connection.execute("select page_id from facebook_page_connections where disconnected_at is null")
            return [page_id for (page_id,) in rows.fetchall()]


@pytest.fixture
def site(world: World, sandbox_server: SandboxServer) -> Iterator[Site]:
    sandbox_server.control.reset()
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    app = GraphSettings(
        DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=sandbox_server.url, dialog_url=sandbox_server.url
    )

    def open_service(engine):
        return FacebookConnectionService(engine, GraphClient(app), TokenCipher([TOKEN_KEY]))

    plugin_app = create_app(Resources(world.engine, open_service, lambda: f"{url}{PREFIX}"))
    plugin_app.dependency_overrides[get_user] = read_test_user
    create_auth_manager()
    root = FastAPI()
    root.mount(PREFIX, plugin_app)
    root.add_middleware(HttpAccessLogMiddleware)
    log: list[str] = []
    structlog.configure(processors=[lambda _, __, event: log.append(json.dumps(event, default=str)) or drop()])
    server = uvicorn.Server(uvicorn.Config(root, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    larp = world.one("insert into larps (title) values ('Larpowe Kroniki') returning id")[0]
    yield Site(world, sandbox_server, url, larp, log)
    server.should_exit = True
    thread.join(timeout=5)
    structlog.reset_defaults()
    logging.getLogger("uvicorn.error").handlers.clear()


def drop() -> None:
    raise structlog.DropEvent
