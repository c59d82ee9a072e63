"""Twenty people of a backoffice, as HTTP clients: each lists drafts and creates one, in turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CLIENTS = 20
THINKING_SECONDS = 0.5
"""Between two requests of one person."""
ISSUER = "https://backoffice.example"
Times = dict[str, list[float]]
"""Milliseconds of each request, by its kind."""


def write_public_key(key: Ed25519PrivateKey, path: Path) -> Path:
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def make_token(key: Ed25519PrivateKey, name: str) -> str:
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "socialpub", "sub": name, "jti": name, "iat": now, "exp": now + 3600}
    return jwt.encode({**claims, "social_roles": {"*": ["marketing_coordinator"]}}, key, "EdDSA")


def work_as_client(url: str, token: str, larps: list[Any], pause: float, over: threading.Event) -> Times:
    """Until it is over; list and create take turns, each time of another LARP."""
    times: Times = {"list": [], "create": []}
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {token}"
        number = 0
        while not over.is_set():
            drafts = f"{url}/backoffice/larp/{larps[number % len(larps)]}/social/drafts"
            for name, send in _requests(session, drafts).items():
                started = time.monotonic()
                send().raise_for_status()
                times[name].append(1000 * (time.monotonic() - started))
                over.wait(pause)
            number += 1
    return times


def _requests(session: requests.Session, drafts: str) -> dict[str, Callable[[], requests.Response]]:
    return {
        "list": lambda: session.get(drafts, timeout=30),
        "create": lambda: session.post(drafts, json={"title": "New", "body": "Zapraszamy!"}, timeout=30),
    }


@contextmanager
def at_work(url: str, key: Ed25519PrivateKey, larps: list[Any], pause: float) -> Iterator[Times]:
    """All clients work meanwhile; what they measured is there at the end."""
    gate, over, times = threading.Barrier(CLIENTS), threading.Event(), Times()

    def work(number: int) -> Times:
        gate.wait()
        over.wait(pause * number / CLIENTS)  # People do not press keys in step.
        return work_as_client(url, make_token(key, f"editor {number}"), larps[number::CLIENTS], pause, over)

    with ThreadPoolExecutor(CLIENTS) as pool:
        working = [pool.submit(work, number) for number in range(CLIENTS)]
        try:
            yield times
        finally:
            over.set()
        done = [client.result() for client in working]
    times |= {name: [each for own in done for each in own[name]] for name in ("list", "create")}
