"""`socialpub connect | disconnect | sandbox | keys`: the verbs about Pages and their tokens."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import TYPE_CHECKING
from uuid import UUID

from socialpub.cli_terminal import Verbs, show_progress
from socialpub.errors import PageRefusedError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from socialpub.services.keys import KeyUse


def add_verbs(verbs: Verbs[argparse.ArgumentParser]) -> None:
    """Add these verbs to the program's."""
    connect = verbs.add_parser("connect", help="connect a Page with a pasted token: socialpub connect … < token")
    connect.add_argument("--page-id", required=True, metavar="PAGE_ID")
    connect.add_argument("--larp", required=True, type=UUID, metavar="LARP_ID")
    connect.set_defaults(run=_connect)
    disconnect = verbs.add_parser("disconnect", help="revoke and wipe a Page's token; its history stays")
    disconnect.add_argument("--page-id", required=True, metavar="PAGE_ID")
    disconnect.set_defaults(run=_disconnect)
    sandbox = verbs.add_parser("sandbox", help="let the smoke test publish and delete on a Page every night")
    sandbox.add_argument("--page", required=True, metavar="PAGE_ID")
    sandbox.add_argument("--off", action="store_true", help="not any more")
    sandbox.set_defaults(run=_sandbox)
    keys = verbs.add_parser("keys", help="the keys that tokens are stored under")
    actions = keys.add_subparsers(required=True, metavar="ACTION")
    actions.add_parser("generate", help="print a new key").set_defaults(run=_generate_key, needs_database=False)
    actions.add_parser("list", help="the keys by their fingerprints, and how many tokens each holds").set_defaults(
        run=_list_keys
    )
    rotate = actions.add_parser("rotate", help="move all tokens to the newest key, while publishing goes on")
    rotate.add_argument("--drop", metavar="FINGERPRINT", help="afterwards, say whether this key may be removed")
    rotate.set_defaults(run=_rotate_keys)
    actions.add_parser("verify", help="open every token").set_defaults(run=_verify_keys)


def _connect(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.hooks.connections import open_connection_service
    from socialpub.models.instants import say_instant
    from socialpub.models.secret import Secret

    token = Secret(_read_token())
    service = open_connection_service(engine)
    page = service.connect_with_token(options.larp, options.page_id, token, actor=options.actor)
    until = f"expires at {say_instant(page.token_expires_at)}" if page.token_expires_at else "never expires"
    print(f"{page} is connected to LARP {options.larp}; its token {until}.")
    return 0


def _read_token() -> str:
    """From standard input, so that it is neither in the list of processes nor in the shell's history."""
    text = getpass.getpass("Token (not shown): ") if sys.stdin.isatty() else sys.stdin.read()
    if not text.strip():
        raise PageRefusedError(
            "No token was given.", next_step="send it to standard input: socialpub connect … < token"
        )
    return text.strip()


def _disconnect(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.hooks.connections import open_connection_service
    from socialpub.services.disconnect import find_larp_of_page

    larp_id = find_larp_of_page(engine, options.page_id)
    farewell = open_connection_service(engine).disconnect(larp_id, actor=options.actor)
    print(f"{farewell.page} is disconnected, its token wiped; {farewell.waiting_posts} posts wait for a reconnect.")
    print(*farewell.notes, sep="\n", end="\n" if farewell.notes else "")
    return 0


def _sandbox(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.services.smoke import mark_sandbox

    print(mark_sandbox(engine, options.page, is_sandbox=not options.off, actor=options.actor))
    return 0


def _generate_key(engine: Engine | None, options: argparse.Namespace) -> int:
    from cryptography.fernet import Fernet

    print(Fernet.generate_key().decode())
    return 0


def _list_keys(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.hooks.facebook import load_cipher
    from socialpub.services.keys import list_keys

    keys = list_keys(engine, load_cipher())
    print("\n".join(map(_describe, keys)))
    return 0 if all(key.is_ours for key in keys) else 1


def _describe(key: KeyUse) -> str:
    words = "newest" if key.is_newest else "older" if key.is_ours else "NOT CONFIGURED: these tokens can't be opened"
    if key.is_ours and not key.is_newest and not key.tokens:
        words = "older, unused: may be removed"
    return f"{key.key_id}  {key.tokens:>8} tokens  {words}"


def _rotate_keys(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.hooks.facebook import load_cipher
    from socialpub.services.keys import list_keys, require_unused, rotate_keys

    cipher = load_cipher()
    with show_progress("Moving tokens") as report:
        moved = rotate_keys(engine, cipher, actor=options.actor, report=report)
    keys = list_keys(engine, cipher)
    print(f"{moved} tokens were moved to key {cipher.key_ids[0]}.", *map(_describe, keys), sep="\n")
    if options.drop:
        require_unused(keys, options.drop)
        print(f"No token is stored under {options.drop}: remove that key from SOCIALPUB_TOKEN_KEYS.")
    return 0


def _verify_keys(engine: Engine, options: argparse.Namespace) -> int:
    from socialpub.hooks.facebook import load_cipher
    from socialpub.services.keys import verify_tokens

    good, unreadable = verify_tokens(engine, load_cipher())
    for token in unreadable:
        print(f"{token.page}: {token.words}")
    print(f"{good} tokens open, {len(unreadable)} do not.")
    return 1 if unreadable else 0
