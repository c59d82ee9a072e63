"""The backoffice's public keys, wherever they are kept, renewed while we run. Source: RFC 7517."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
import requests
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from socialpub.errors import ConfigurationError

_FRESH_SECONDS, _SOONEST_SECONDS, _STALE_SECONDS = 300.0, 30.0, 3600.0
_PEM = re.compile(rb"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", re.DOTALL)


@dataclass
class KeyRing:
    """The backoffice's public keys: a PEM or JWKS file, or a JWKS at an https address; read again when they change.

    Rotation: publish the new key beside the old one, sign with it, take the old one out when its last token is over.
    """

    source: str
    now: Callable[[], float] = time.monotonic
    _keys: Sequence[tuple[str | None, Any]] = ()
    _version: float = 0.0
    _asked_at: float = float("-inf")
    _read_at: float = float("-inf")
    _trouble: Exception | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, key_id: str | None) -> list[Any]:
        """Keys that a token with this key id may be signed with. Raises `ConfigurationError`."""
        # Whoever has a known key does not wait while another one asks a slow address.
        if self._lock.acquire(blocking=not self._knows(key_id)):
            try:
                self._refresh(key_id)
            finally:
                self._lock.release()
        return [key for known_id, key in self._keys if key_id is None or known_id in (None, key_id)]

    def _knows(self, key_id: str | None) -> bool:
        return any(known_id == key_id for known_id, _ in self._keys)

    def _refresh(self, key_id: str | None) -> None:
        if not self.source.startswith("https://"):
            self._refresh_file(Path(self.source))
            return
        waited = self.now() - self._asked_at
        # An unknown id may be a new key, or somebody's game: the address is asked twice a minute at most.
        if waited > (_FRESH_SECONDS if self._knows(key_id) else _SOONEST_SECONDS):
            self._asked_at = self.now()
            self._refresh_url()
        if self._trouble and self.now() - self._read_at > _STALE_SECONDS:
            raise self._unusable(self._trouble) from self._trouble

    def _refresh_file(self, path: Path) -> None:
        try:
            version = path.stat().st_mtime_ns
            if version != self._version:
                self._keys, self._version = parse_keys(path.read_bytes()), version
        except (OSError, ValueError) as error:
            raise self._unusable(error) from error

    def _refresh_url(self) -> None:
        """Those that we have stay good for a while where the address is down."""
        try:
            answer = requests.get(self.source, timeout=5, allow_redirects=False)
            answer.raise_for_status()
            self._keys, self._read_at, self._trouble = parse_keys(answer.content), self.now(), None
        except (requests.RequestException, ValueError) as error:
            self._trouble = error

    def _unusable(self, error: Exception) -> ConfigurationError:
        return ConfigurationError(
            f"The backoffice's keys can't be read from SOCIALPUB_JWT_KEYS ({type(error).__name__}).",
            next_step="name a file with public keys in PEM or JWKS form, or an https address of a JWKS.",
        )


def parse_keys(content: bytes) -> list[tuple[str | None, Any]]:
    """Key id (None in PEM files) and key of each. Raises `ValueError` when there is none, or one is no public key."""
    if found := _PEM.findall(content):
        return [(None, load_pem_public_key(pem)) for pem in found]
    try:
        entries = json.loads(content)["keys"]
        keys = [(entry.get("kid"), jwt.PyJWK(entry)) for entry in entries if entry.get("kty") in ("RSA", "EC", "OKP")]
    except (KeyError, TypeError, AttributeError, jwt.PyJWTError) as error:
        raise ValueError("no JWKS") from error
    if not keys or any("d" in entry for entry in entries):
        raise ValueError("no public keys")
    return keys
