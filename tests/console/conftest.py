"""The console as Airflow mounts it, on a real port, and people who look at it with a real Chromium.

`site` is the place, `log_in(name)` opens a tab of one of `PEOPLE`; it fails at the end of a test when the policy of a
page blocked anything, or a script failed. `look(tab)` is what every screen has to pass, in each state that is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

import pytest
from airflow.api_fastapi.app import create_auth_manager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, Page, sync_playwright
from tests.conftest import TOKEN_KEY, World
from tests.front import Front
from tests.needs import CHROMIUM

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET
from socialpub.api.app import create_app
from socialpub.api.auth import read_airflow_user
from socialpub.api.resources import Resources
from socialpub.console.app import create_console
from socialpub.graph.client import GraphClient
from socialpub.graph.settings import GraphSettings
from socialpub.hooks.airflow_runs import StartedRun
from socialpub.hooks.connections import APP_PREFIX, CONSOLE_PREFIX
from socialpub.hooks.storage import AirflowMediaStore
from socialpub.media.places import MediaPlaces
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.connections import FacebookConnectionService
from socialpub.services.draft_approval import DraftApprovalService
from socialpub.services.look_at_files import look_at_files
from socialpub.settings import Settings

PEOPLE = {
    "ewa": "ADMIN",  # Of Airflow, and so of every LARP and Page.
    "anna": "USER",
    "ola": "USER",
    "zosia": "USER",
    "nobody": "USER",
}
ROLES = (
    ("anna", "marketing_coordinator", "*"),
    ("ola", "social_approver", "*"),
    ("zosia", "event_editor", "*"),
)
WIDTHS = (1440, 390)
_AXE = (Path(__file__).parent / "vendor" / "axe-core-4.14.1.min.js").read_text()
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# As Airflow 3.3 frames a plugin's page; it must do without popups, dialogs and the address of the window.
_FRAME = (
    '<!doctype html><html lang="en"><title>Airflow</title><iframe title="Social posts" width="1200" height="900"'
    ' sandbox="allow-scripts allow-same-origin allow-forms allow-downloads" src="{url}/"></iframe>'
)


@dataclass
class Site:
    """The console, the API beside it, their database and the sandbox."""

    world: World
    sandbox: SandboxServer
    host: str
    larp: UUID
    """With a connected Page, in Europe/Warsaw."""
    media: Path
    started: list[tuple[UUID, str, str]]
    """Runs that Airflow was asked for: draft, reason, user."""

    @property
    def url(self) -> str:
        return f"{self.host}{CONSOLE_PREFIX}"

    def at(self, *parts: object) -> str:
        """The address of something in the LARP."""
        return "/".join([self.url, "larp", str(self.larp), *map(str, parts)])

    def add_draft(self, title: str = "Zapisy", body: str = "Zapraszamy!", *, author: str = "airflow:anna") -> UUID:
        """As the author left it, not submitted."""
        with self.world.connect("backoffice_login") as connection:
            row = connection.execute(
                "insert into social_drafts (larp_id, title, body, created_by) values (%s, %s, %s, %s) returning id",
                (self.larp, title, body, author),
            ).fetchone()
        assert row is not None
        return row[0]


@cache
def make_apps(host: str) -> tuple[FastAPI, FastAPI, FastAPI]:
    """Airflow's app, with the console and the API in it. What they work on is each test's own."""
    create_auth_manager()
    root = FastAPI()
    root.add_api_route("/frame", lambda: HTMLResponse(_FRAME.format(url=f"{host}{CONSOLE_PREFIX}")))
    console, api = create_console(Resources()), create_app(Resources())
    for app, prefix in ((console, CONSOLE_PREFIX), (api, APP_PREFIX)):
        app.dependency_overrides[read_airflow_user] = read_test_user
        root.mount(prefix, app)
    return root, console, api


@pytest.fixture
def site(world: World, sandbox_server: SandboxServer, front: Front, tmp_path: Path) -> Iterator[Site]:
    sandbox_server.control.reset()
    (tmp_path / "media").mkdir()
    started: list[tuple[UUID, str, str]] = []
    front.app, console, api = make_apps(front.url)
    console.state.resources = api.state.resources = _make_resources(
        world, sandbox_server, front.url, tmp_path / "media", started
    )
    yield Site(world, sandbox_server, front.url, world.add_page(), tmp_path / "media", started)
    front.finish()


def _make_resources(
    world: World, sandbox: SandboxServer, host: str, media: Path, started: list[tuple[UUID, str, str]]
) -> Resources:
    app = GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=sandbox.url, dialog_url=sandbox.url)
    settings = Settings(media=MediaPlaces(str(media)), airflow_roles=ROLES)
    store = AirflowMediaStore(settings.media)

    def open_approvals(engine):
        def look(draft_id):
            return look_at_files(engine, store, draft_id, settings.media_limits, actor="submit")

        return DraftApprovalService(engine, look_at_files=look)

    def start_publish(post_id: UUID, reason: str, user: str) -> StartedRun:
        started.append((post_id, reason, user))
        return StartedRun("manual__1", f"{host}/dags/publish_post_now/runs/manual__1")

    return Resources(
        world.engine,
        lambda engine: FacebookConnectionService(engine, GraphClient(app), TokenCipher([TOKEN_KEY])),
        lambda: f"{host}{APP_PREFIX}",
        lambda: settings,
        lambda: Secret(DEFAULT_APP_SECRET),
        open_approvals,
        start_publish,
    )


def read_test_user(request: Request) -> SimpleAuthManagerUser:
    """Stands for Airflow's session cookie: `test_user=name`."""
    name = request.cookies.get("test_user", "")
    if name not in PEOPLE:
        raise HTTPException(401, "Not authenticated")
    return SimpleAuthManagerUser(username=name, role=PEOPLE[name])


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """For one file of tests: two drivers at once don't go together."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


LogIn = Callable[[str], Page]


@pytest.fixture
def log_in(site: Site, chromium: Browser) -> Iterator[LogIn]:
    """A tab of a person, with cookies of its own."""
    complaints: list[str] = []
    contexts = []

    def listen(message) -> None:
        # A refusal is a page with a status of its own; the browser notes it as an error of loading. And htmx notes each
        # request that a newer one replaced, or that was under way when the person went to another page.
        broken_off = message.text.startswith(("htmx:afterRequest", "htmx:sendAbort", "htmx:sendError"))
        is_known = broken_off or "the server responded with a status of 4" in message.text
        if message.type == "error" and not is_known:
            complaints.append(message.text)

    def open_tab(name: str) -> Page:
        context = chromium.new_context(viewport={"width": 1440, "height": 900})
        contexts.append(context)
        context.set_default_timeout(15_000)
        context.add_cookies([{"name": "test_user", "value": name, "url": site.host}])
        tab = context.new_page()
        tab.on("console", listen)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        return tab

    yield open_tab
    for context in contexts:
        context.close()
    assert complaints == []


def look(tab: Page) -> None:
    """axe finds nothing and nothing sticks out at the side: in both themes, on a desk and on a phone."""
    before = tab.viewport_size
    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 900})
        for theme in ("light", "dark"):
            tab.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, f"{tab.url} is wider than {width}"
            assert find_violations(tab) == [], f"{tab.url}, {width} px, {theme}"
    if before:
        tab.set_viewport_size(before)


def find_violations(tab: Page) -> list[str]:
    """What axe-core says of the page as it is now."""
    tab.evaluate(_AXE)
    found = tab.evaluate(
        "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}, rules: {'target-size': {enabled: true}},"
        " resultTypes: ['violations']})",  # What passes is not described, which takes longer than to see it.
        _RULES,
    )
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
