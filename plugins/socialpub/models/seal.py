"""What travels through a browser and has to come back unchanged, in time, and from the person it was given to."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from socialpub.models.secret import Secret


class Sealer:
    """Seals small notes: signed, encrypted and dated, with keys derived from those for the tokens.

    A seal of one purpose is none for another, because each purpose has keys of its own.
    """

    def __init__(self, keys: Sequence[str], *, purpose: str) -> None:
        """`keys` as for `TokenCipher`: newest first, so that a seal outlives a rotation."""
        self._fernet = MultiFernet([Fernet(_derive(key, purpose)) for key in keys])

    def seal(self, note: Mapping[str, str]) -> Secret:
        return Secret(self._fernet.encrypt(json.dumps(dict(note)).encode()).decode())

    def open(self, sealed: str, *, within: timedelta) -> dict[str, str] | None:
        """The note; None when it was altered, is of another purpose, or older than `within`."""
        try:
            note = json.loads(self._fernet.decrypt(sealed.encode(), ttl=int(within.total_seconds())))
        except (InvalidToken, ValueError):
            return None
        return {str(name): str(value) for name, value in note.items()} if isinstance(note, dict) else None


def _derive(key: str, purpose: str) -> bytes:
    derived = HKDF(SHA256(), length=32, salt=None, info=f"socialpub {purpose}".encode()).derive(key.encode())
    return base64.urlsafe_b64encode(derived)
