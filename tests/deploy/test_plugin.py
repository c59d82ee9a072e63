"""The plugin file as Airflow loads it: nothing of ours before the API server asks for the app."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from fastapi.testclient import TestClient

PLUGIN = Path(__file__).resolve().parents[2] / "plugins" / "socialpub_plugin.py"


def test_the_plugin_mounts_its_apps_under_its_own_prefix():
    """A prefix that Airflow does not keep for itself; those below it come first."""
    from airflow.api_fastapi.app import RESERVED_URL_PREFIXES

    plugin = runpy.run_path(str(PLUGIN))["SocialpubPlugin"]()
    prefixes = [app["url_prefix"] for app in plugin.fastapi_apps]
    assert prefixes == ["/socialpub/links", "/socialpub/console", "/socialpub"]
    for app in plugin.fastapi_apps:
        assert not app["url_prefix"].startswith(tuple(RESERVED_URL_PREFIXES))
        assert [route.path for route in app["app"].routes]


def test_airflows_navigation_leads_to_the_console(monkeypatch: pytest.MonkeyPatch):
    """Wherever Airflow itself is mounted, in a frame of its pages."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://ops.example/airflow/")
    plugin = runpy.run_path(str(PLUGIN))["SocialpubPlugin"]()
    (view,) = plugin.external_views
    assert view["href"] == f"/airflow{plugin.fastapi_apps[1]['url_prefix']}/"
    assert (view["destination"], view["url_route"]) == ("nav", "social-posts")


def test_a_link_of_a_message_reaches_the_app_of_the_links(monkeypatch: pytest.MonkeyPatch):
    """Mounted one after the other, as Airflow mounts them: no login is asked for."""
    from socialpub.settings import load_settings

    monkeypatch.setenv("SOCIALPUB_TOKEN_KEYS", Fernet.generate_key().decode())
    load_settings.cache_clear()
    root = FastAPI()
    for app in runpy.run_path(str(PLUGIN))["SocialpubPlugin"]().fastapi_apps:
        root.mount(app["url_prefix"], app["app"])
    with TestClient(root) as browser:
        link = browser.get("/socialpub/links/made-up")
        assert (link.status_code, "This link no longer works" in link.text) == (410, True)
        assert browser.get("/socialpub/links/").status_code == 404


def test_a_task_process_loads_neither_the_app_nor_a_web_framework():
    """Each task process runs the plugin file."""
    script = (
        "import airflow.plugins_manager, runpy, sys\nbefore = set(sys.modules)\n"
        "runpy.run_path(sys.argv[1])\nprint(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", script, str(PLUGIN)], capture_output=True, text=True)
    assert not [name for name in eval(done.stdout.splitlines()[-1]) if name.startswith(("socialpub", "fastapi"))]
