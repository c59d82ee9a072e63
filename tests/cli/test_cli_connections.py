"""`socialpub connect | disconnect | keys`: what they change, what they refuse, and that no secret is printed."""

from __future__ import annotations

import io
import json
import logging
import sys
from uuid import uuid4

import pytest
from cryptography.fernet import Fernet
from tests.conftest import TOKEN_KEY, World

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET, DEFAULT_USER_TOKEN
from socialpub.cli import main
from socialpub.models.encrypted import TokenCipher
from socialpub.settings import load_settings

PAGE = "200000000000001"
TOKEN = f"EAAGsandboxpagetoken{PAGE}"
FINGERPRINT = TokenCipher([TOKEN_KEY]).key_ids[0]


class Terminal:
    """A command line with a database, the sandbox as its Facebook, and a token on its standard input."""

    def __init__(self, world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self._capsys, self._monkeypatch = world, capsys, monkeypatch

    def run(self, *arguments: object, stdin: str = "") -> tuple[int, str]:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        load_settings.cache_clear()
        try:
            code = main(["--actor", "cli:ewa", *map(str, arguments)])
        except SystemExit as usage:
            code = int(usage.code or 0)
        printed = self._capsys.readouterr()
        return code, printed.out + printed.err

    def use_keys(self, *keys: str) -> None:
        self._monkeypatch.setenv("SOCIALPUB_TOKEN_KEYS", ",".join(keys))


@pytest.fixture
def terminal(
    world: World,
    sandbox_server: SandboxServer,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Terminal:
    sandbox_server.control.reset()
    # Airflow, once imported, logs to the standard error of whichever test came first, which is closed by now.
    monkeypatch.setattr(logging, "raiseExceptions", False)
    monkeypatch.setenv("SOCIALPUB_DATABASE_URL", world.url("airflow_login"))
    monkeypatch.setenv("SOCIALPUB_TOKEN_KEYS", TOKEN_KEY)
    app = {"conn_type": "facebook_graph", "login": DEFAULT_APP, "password": DEFAULT_APP_SECRET}
    monkeypatch.setenv("AIRFLOW_CONN_FACEBOOK_APP", json.dumps({**app, "extra": {"graph_url": sandbox_server.url}}))
    return Terminal(world, capsys, monkeypatch)


@pytest.fixture
def larp(world: World):
    return world.one("insert into larps (title) values ('Larpowe Kroniki') returning id")[0]


@pytest.mark.parametrize("token", [TOKEN, f"  {TOKEN}\n", DEFAULT_USER_TOKEN])
def test_connecting_with_a_pasted_token(terminal, larp, token):
    """The Page's own, or a person's; from standard input, never shown."""
    code, words = terminal.run("connect", "--page-id", PAGE, "--larp", larp, stdin=token)
    told = f"Page Larpowe Kroniki ({PAGE}) is connected to LARP {larp}; its token never expires."
    assert (code, words.splitlines()[-1]) == (0, told)
    assert terminal.world.one("select page_id, token_status from facebook_page_connections") == (PAGE, "valid")
    assert terminal.world.one("select actor from social_audit_log order by id limit 1") == ("cli:ewa",)


def test_disconnecting_a_page(terminal, larp):
    """By the id that people know; what waits is said."""
    terminal.run("connect", "--page-id", PAGE, "--larp", larp, stdin=TOKEN)
    terminal.world.schedule(larp, due_in=3600)
    code, words = terminal.run("disconnect", "--page-id", PAGE)
    assert code == 0
    assert "is disconnected, its token wiped; 1 posts wait for a reconnect." in words
    assert terminal.world.one("select access_token from facebook_page_connections") == (None,)
    assert terminal.run("disconnect", "--page-id", PAGE)[0] == 1


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        (("connect", "--page-id", PAGE, "--larp", "LARP"), "EAAGmade-up", "could not be decrypted"),
        (("connect", "--page-id", PAGE, "--larp", "LARP"), "", "No token was given"),
        (("connect", "--page-id", "200000000000009", "--larp", "LARP"), TOKEN, "another Page"),
        (("connect", "--page-id", PAGE, "--larp", uuid4()), TOKEN, "No LARP has the id"),
        (("connect", "--page-id", PAGE, "--larp", "42"), TOKEN, "invalid UUID value"),
        (("connect", "--page-id", PAGE), TOKEN, "--larp"),
        (("disconnect", "--page-id", "1"), "", "No connected Page has the id"),
        (("keys",), "", "ACTION"),
    ],
)
def test_wrong_input_gets_a_clear_error_and_changes_nothing(terminal, larp, arguments, stdin, words):
    """Without an echo of the token."""
    code, printed = terminal.run(*(larp if argument == "LARP" else argument for argument in arguments), stdin=stdin)
    assert code != 0
    assert words in printed
    assert "Traceback" not in printed and "EAAG" not in printed
    assert terminal.world.one("select count(*) from facebook_page_connections") == (0,)


def test_the_life_of_a_key(terminal, larp):
    """Generate, put it in front, rotate, drop the old one; each step says what it needs."""
    terminal.run("connect", "--page-id", PAGE, "--larp", larp, stdin=DEFAULT_USER_TOKEN)
    new = terminal.run("keys", "generate")[1].strip()
    Fernet(new)
    fingerprint = TokenCipher([new]).key_ids[0]
    assert terminal.run("keys", "list") == (0, f"{FINGERPRINT}         2 tokens  newest\n")
    terminal.use_keys(new)
    code, words = terminal.run("keys", "rotate")
    assert (code, "not configured: " in words, "put those keys back" in words) == (1, True, True)
    assert terminal.run("keys", "list")[0] == 1
    assert "2 do not" in terminal.run("keys", "verify")[1]
    terminal.use_keys(new, TOKEN_KEY)
    code, words = terminal.run("keys", "rotate", "--drop", FINGERPRINT)
    assert code == 0
    assert words.splitlines()[0] == f"2 tokens were moved to key {fingerprint}."
    assert f"{FINGERPRINT}         0 tokens  older, unused: may be removed" in words
    assert "remove that key from SOCIALPUB_TOKEN_KEYS" in words
    assert terminal.run("keys", "rotate", "--drop", fingerprint)[0] == 1
    terminal.use_keys(new)
    assert terminal.run("keys", "verify") == (0, "2 tokens open, 0 do not.\n")
    assert new not in words and TOKEN_KEY not in words


def test_losing_all_keys_is_a_clear_state_with_a_way_out(terminal, larp):
    """The doctor and the verbs say which key is missing; a reconnect mends it."""
    terminal.run("connect", "--page-id", PAGE, "--larp", larp, stdin=TOKEN)
    terminal.use_keys(Fernet.generate_key().decode())
    code, words = terminal.run("keys", "verify")
    assert code == 1
    assert f"was written with key {FINGERPRINT}" in words and "reconnect the Page" in words
    terminal.run("connect", "--page-id", PAGE, "--larp", larp, stdin=TOKEN)
    assert terminal.run("keys", "verify") == (0, "1 tokens open, 0 do not.\n")
    terminal.use_keys("")
    code, words = terminal.run("keys", "list")
    assert (code, "socialpub keys generate" in words, "Traceback" in words) == (1, True, False)


def test_a_key_can_be_generated_without_a_database(terminal, monkeypatch):
    """It is the first thing that an installation needs."""
    monkeypatch.setenv("SOCIALPUB_DATABASE_URL", "postgresql+psycopg://u@127.0.0.1:1/x")
    assert terminal.run("keys", "generate")[0] == 0
