"""The plugin's app as Airflow mounts it, on a real port, with Airflow's own access log and auth manager around it."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

import jwt
import pytest
import structlog
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.common.http_access_log import HttpAccessLogMiddleware
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from fastapi import FastAPI, HTTPException, Request
from tests.conftest import TOKEN_KEY, World
from tests.front import Front

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET
from socialpub.access_settings import TokenSettings
from socialpub.api.app import create_app
from socialpub.api.auth import read_airflow_user
from socialpub.api.resources import Resources
from socialpub.graph.client import GraphClient
from socialpub.graph.settings import GraphSettings
from socialpub.hooks.airflow_runs import StartedRun
from socialpub.hooks.storage import AirflowMediaStore
from socialpub.media.places import MediaPlaces
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.connections import FacebookConnectionService
from socialpub.services.draft_approval import DraftApprovalService
from socialpub.services.look_at_files import look_at_files
from socialpub.settings import Settings

PAGE = "200000000000001"
PREFIX = "/socialpub"
ISSUER = "https://backoffice.larp.example"


class Signer:
    """The backoffice's side of its tokens."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()
        self.public_pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        self._numbers = itertools.count(1)

    def token(self, name: str, roles: dict[str, list[str]], **change: object) -> str:
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "socialpub", "sub": name, "iat": now, "exp": now + 600, "social_roles": roles}
        claims |= {"jti": f"token-{next(self._numbers)}"} | change
        return jwt.encode({name: value for name, value in claims.items() if value is not None}, self.key, "EdDSA")


SIGNER = Signer()


def read_test_user(request: Request) -> SimpleAuthManagerUser | None:
    """Stands for Airflow's session cookie: `test_user=name:ROLE`. A token is the backoffice's."""
    if "authorization" in request.headers:
        return None
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
    keys: list[str]
    """What the token keys are set to now."""
    started: list[tuple[UUID, str, str]]
    """Runs that Airflow was asked for: draft, reason, user."""
    settings: Settings

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


@cache
def make_apps() -> tuple[FastAPI, FastAPI]:
    """Airflow's app and the plugin's in it. What it works on is each test's own."""
    plugin_app = create_app(Resources())
    plugin_app.dependency_overrides[read_airflow_user] = read_test_user
    create_auth_manager()
    root = FastAPI()
    root.mount(PREFIX, plugin_app)
    root.add_middleware(HttpAccessLogMiddleware)
    return root, plugin_app


@pytest.fixture
def site(world: World, sandbox_server: SandboxServer, front: Front, tmp_path: Path) -> Iterator[Site]:
    sandbox_server.control.reset()
    url = front.url
    app = GraphSettings(
        DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=sandbox_server.url, dialog_url=sandbox_server.url
    )

    keys = [TOKEN_KEY]

    def open_service(engine):
        return FacebookConnectionService(engine, GraphClient(app), TokenCipher(keys))

    settings = Settings(
        webhook_token="our-verify-token",
        tokens=TokenSettings(issuer=ISSUER, keys=str(tmp_path / "keys.pem")),
        media=MediaPlaces(str(tmp_path / "media")),
    )
    (tmp_path / "media").mkdir()
    (tmp_path / "keys.pem").write_bytes(SIGNER.public_pem)
    started: list[tuple[UUID, str, str]] = []
    store = AirflowMediaStore(settings.media)

    def open_approvals(engine):
        def look(draft_id):
            return look_at_files(engine, store, draft_id, settings.media_limits, actor="submit")

        return DraftApprovalService(engine, look_at_files=look)

    def start_publish(post_id: UUID, reason: str, user: str) -> StartedRun:
        started.append((post_id, reason, user))
        return StartedRun("manual__1", "http://airflow.example/dags/publish_post_now/runs/manual__1")

    resources = Resources(
        world.engine,
        open_service,
        lambda: f"{url}{PREFIX}",
        lambda: settings,
        lambda: Secret(DEFAULT_APP_SECRET),
        open_approvals,
        start_publish,
    )
    front.app, plugin_app = make_apps()
    plugin_app.state.resources, plugin_app.state.webhook_tasks = resources, set()
    log: list[str] = []
    before = structlog.get_config()  # Airflow's own, which its hooks' loggers need afterwards.
    structlog.configure(processors=[lambda _, __, event: log.append(json.dumps(event, default=str)) or drop()])
    larp = world.one("insert into larps (title) values ('Larpowe Kroniki') returning id")[0]
    yield Site(world, sandbox_server, url, larp, log, keys, started, settings)
    front.finish(plugin_app.state.webhook_tasks)
    structlog.configure(**before)


def drop() -> None:
    raise structlog.DropEvent
