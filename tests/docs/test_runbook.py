"""The runbook has a section for whatever a person may be called for."""

from __future__ import annotations

import json
import re
import shlex
from uuid import UUID

import pytest
import yaml
from tests.conftest import TOKEN_KEY, World
from tests.graph.publishing import publish_feed_post

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET
from local_stack.state import PROJECT
from socialpub.cli import main
from socialpub.graph.client import GraphClient
from socialpub.graph.posts import FeedPost
from socialpub.graph.settings import GraphSettings
from socialpub.models.secret import Secret
from socialpub.models.statuses import FINAL, PostStatus
from socialpub.settings import load_settings

TEXT = (PROJECT / "docs" / "runbook.md").read_text()
SECTIONS = {part.partition("\n")[0]: part for part in TEXT.split("\n## ")[1:]}
RULES = yaml.safe_load((PROJECT / "include" / "prometheus" / "alerts.yml").read_text())["groups"][0]["rules"]


def test_each_alert_and_each_final_state_has_a_section():
    """And each section belongs to one."""
    assert set(SECTIONS) == {rule["alert"] for rule in RULES} | {*map(str, FINAL), str(PostStatus.UNCONFIRMED)}


def test_a_section_of_an_alert_says_what_to_look_at_and_what_to_do():
    """Or leads to the one that does."""
    for rule in RULES:
        section = SECTIONS[rule["alert"]]
        assert ("**Look**" in section and "**Do**" in section) or "](#" in section, rule["alert"]


def test_links_between_sections_lead_somewhere():
    """By the names that a browser gives headings."""
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= {name.lower() for name in SECTIONS}


PAGE = "200000000000001"
COMMANDS = [
    (name, command.partition("   #")[0].strip())
    for name, section in {"the beginning": TEXT.split("\n## ")[0], **SECTIONS}.items()
    for block in re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    for command in block.splitlines()
    if command.startswith("socialpub ")  # tests/airflow_runs/test_runbook_runs.py types the others.
]
# In what state a post of the section is; where nothing is said, it waits.
STATES = {
    "SocialpubFailuresInARow": "failed",
    "SocialpubUnconfirmed": "unconfirmed",
    "SocialpubApiErrors": "failed",
    "failed": "failed",
    "missed": "missed",
    "canceled": "canceled",
    "unconfirmed": "unconfirmed",
    "published": "published",
}


@pytest.fixture
def facebook(sandbox_server: SandboxServer, monkeypatch: pytest.MonkeyPatch) -> SandboxServer:
    """The sandbox as the Facebook that the command line asks."""
    sandbox_server.control.reset()
    sandbox_server.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}")
    load_settings.cache_clear()
    monkeypatch.setenv("SOCIALPUB_TOKEN_KEYS", TOKEN_KEY)
    app = {"conn_type": "facebook_graph", "login": DEFAULT_APP, "password": DEFAULT_APP_SECRET}
    monkeypatch.setenv("AIRFLOW_CONN_FACEBOOK_APP", json.dumps({**app, "extra": {"graph_url": sandbox_server.url}}))
    return sandbox_server


def post_in(world: World, status: str) -> UUID:
    """A post that came there as posts do: those that were sent have an attempt that says how it ended."""
    post = world.schedule(world.add_page())
    if status in ("failed", "unconfirmed", "published"):
        for step in ("queued", "publishing"):
            world.run(
                "update social_scheduled_posts set status = %s, claimed_by = 'd/r', lease_expires_at = now()"
                " where id = %s",
                step, post,
            )  # fmt: skip
        world.run(
            "insert into social_publish_attempts (scheduled_post_id, attempt_number, dag_id, run_id, sent_at,"
            " finished_at, outcome, error_class) values (%s, 1, 'd', 'r', now(), now(), %s, 'AppRefusedError')",
            post, status,
        )  # fmt: skip
    if status != "pending":
        live = {"facebook_post_id": f"{PAGE}_1", "published_at": "now()"} if status == "published" else {}
        world.run(
            "update social_scheduled_posts set status = %s, status_reason = 'x', facebook_post_id = %s,"
            " published_at = %s where id = %s",
            status, live.get("facebook_post_id"), live.get("published_at"), post,
        )  # fmt: skip
    return post


def publish_by_hand(facebook: SandboxServer) -> str:
    client = GraphClient(GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=facebook.url))
    return publish_feed_post(client, PAGE, Secret(f"EAAGpage{PAGE}"), FeedPost("Gates at 20:00")).id


@pytest.mark.parametrize(("section", "command"), COMMANDS, ids=lambda value: value.removeprefix("socialpub "))
def test_each_command_of_a_section_does_its_work_in_the_state_that_the_section_is_about(
    world: World, facebook, monkeypatch: pytest.MonkeyPatch, capsys, section, command
):
    """It ends with 0; only the doctor, who finds an installation without Airflow, may say that something is bad."""
    monkeypatch.setenv("SOCIALPUB_DATABASE_URL", world.url("airflow_login"))
    post = post_in(world, STATES.get(section, "pending"))
    live = publish_by_hand(facebook) if "ID_OR_URL" in command else ""
    words = shlex.split(command.replace("POST", str(post)).replace("PAGE_ID", PAGE).replace("ID_OR_URL", live))
    code = main(words[1:])
    printed = capsys.readouterr()
    assert code == 0 or words[1] == "doctor", printed.err
    assert words[1] != "show" or str(post) in printed.out
    if words[1] == "requeue" and section != "SocialpubOutboxStuck":
        [anew] = world.one("select count(*) from social_scheduled_posts where status = 'pending'")
        assert anew == 1
    if words[1] == "resolve":
        assert world.status(post) == ("pending" if "--absent" in words else "published")
