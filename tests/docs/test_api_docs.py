"""What docs/api.md shows is run, against the app on a real port."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.api.conftest import PREFIX, SIGNER, site  # noqa: F401 - a fixture
from tests.needs import SYMFONY, needs_curl, needs_symfony

from graph_sandbox.samples import make_png
from socialpub.settings import Settings

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "api.md").read_text()
# What the examples take as given, in words of PHP.
PHP = f"""<?php
require '{SYMFONY}';
[$api, $larp, $anna, $ola] = array_map('getenv', ['API', 'LARP', 'ANNA', 'OLA']);
"""
BLOCKS = dict(re.findall(r"<!-- test: (\w+) -->\n```\w+\n(.*?)```", TEXT, re.DOTALL))


@pytest.fixture
def environment(site, tmp_path):  # noqa: F811 - the fixture
    larp = str(site.world.add_page())
    (tmp_path / "camp.png").write_bytes(make_png(1))
    return {
        **os.environ,
        "API": f"{site.url}{PREFIX}",
        "LARP": larp,
        "ANNA": SIGNER.token("anna", {larp: ["marketing_coordinator"]}),
        "OLA": SIGNER.token("ola", {larp: ["social_approver"]}),
        "PHOTO": str(tmp_path / "camp.png"),
    }


@pytest.mark.parametrize(
    ("block", "command"),
    [
        pytest.param("curl", ("bash", "-euo", "pipefail", "-c"), marks=needs_curl),
        ("python", (sys.executable, "-c")),
        pytest.param("symfony", ("php",), marks=needs_symfony),
    ],
)
def test_from_nothing_to_a_scheduled_post(site, environment, block, command):  # noqa: F811 - the fixture
    # PHP reads its program like a file, the others like an argument.
    given = {"input": PHP + BLOCKS[block]} if block == "symfony" else {}
    words = command if given else (*command, BLOCKS[block])
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=60, **given)
    assert done.returncode == 0, done.stdout + done.stderr
    found = site.world.one("select status, created_by, scheduled_at at time zone 'Europe/Warsaw' from social_drafts")
    assert (found[0], found[1], str(found[2])) == ("scheduled", "anna", "2099-05-01 18:00:00")


def test_the_events_are_seen_as_shown(world):
    with world.connect("report_login") as connection:
        assert connection.execute(BLOCKS["events"]).fetchall() == []


def test_the_settings_that_are_named_exist():
    """Each is read: a wrong value is refused or shows in the settings."""
    environment = {"SOCIALPUB_JWT_ISSUER": "i", "SOCIALPUB_JWT_KEYS": "k", "SOCIALPUB_JWT_AUDIENCE": "a"}
    environment |= {"SOCIALPUB_JWT_LEEWAY_SECONDS": "5", "SOCIALPUB_WEBHOOK_TOKEN": "w"}
    environment |= {"SOCIALPUB_AIRFLOW_ROLES": "anna=admin@*", "SOCIALPUB_EXTRA_PERMISSIONS": "pages_manage_metadata"}
    environment |= {"SOCIALPUB_AIRFLOW_PEOPLE": "admin=ewa@larp.example, ola = Ola"}
    found = Settings.from_environment(environment)
    tokens = (found.tokens.issuer, found.tokens.keys, found.tokens.audience, found.tokens.leeway.total_seconds())
    assert tokens == ("i", "k", "a", 5) and found.webhook_token == "w"
    assert found.airflow_roles == (("anna", "admin", "*"),)
    assert found.airflow_people == {"admin": "ewa@larp.example", "ola": "Ola"}
    assert set(re.findall(r"SOCIALPUB_[A-Z_]+", TEXT)) == set(environment)
