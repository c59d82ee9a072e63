"""Tokens at rest: Fernet (AES-128-CBC with HMAC-SHA256) under keys that can be renewed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NewType

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Dialect, Text
from sqlalchemy.types import TypeDecorator

from socialpub.errors import TokenKeyError
from socialpub.models.seal import Sealer
from socialpub.models.secret import Secret

EncryptedToken = NewType("EncryptedToken", str)
"""`fernet:<key id>:<Fernet token>`. The key id says which key is needed without telling anything about it."""

_PREFIX = "fernet:"
_SET_KEYS = (
    "set SOCIALPUB_TOKEN_KEYS (or the Airflow Variable/secret socialpub_token_keys) to the Fernet keys, newest first, "
    "separated by commas; a new key: `socialpub keys generate`."
)
_BRING_BACK = (
    "put that key back into SOCIALPUB_TOKEN_KEYS (or the Airflow Variable/secret socialpub_token_keys), last in the "
    "list; where it is gone for good, reconnect the Page."
)


class EncryptedString(TypeDecorator[EncryptedToken]):
    """A text column that takes and gives only encrypted tokens; `TokenCipher` turns them into secrets and back."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: EncryptedToken | None, dialect: Dialect) -> str | None:
        if value is not None and not value.startswith(_PREFIX):
            raise TokenKeyError("A token was about to be stored in plain text.", next_step="encrypt it first.")
        return value

    def process_result_value(self, value: str | None, dialect: Dialect) -> EncryptedToken | None:
        return None if value is None else EncryptedToken(value)


class TokenCipher:
    """Encrypts with the newest key, decrypts with any of them."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are Fernet keys, newest first. Raises `TokenKeyError` for none or a malformed one."""
        if not keys:
            raise TokenKeyError("There is no key for the Page access tokens.", next_step=_SET_KEYS)
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise TokenKeyError("A key for the Page access tokens is malformed.", next_step=_SET_KEYS) from error
        self._keys = tuple(keys)
        self.key_ids = tuple(_key_id(key) for key in keys)
        """Fingerprints of the keys, newest first; they tell nothing about the keys themselves."""

    @classmethod
    def from_keys(cls, keys: str) -> TokenCipher:
        """Read keys as people write them into a setting: newest first, separated by commas."""
        return cls([key.strip() for key in keys.split(",") if key.strip()])

    def sealer(self, purpose: str) -> Sealer:
        """For notes that pass through a browser, under keys derived from the same ones."""
        return Sealer(self._keys, purpose=purpose)

    def encrypt(self, token: Secret) -> EncryptedToken:
        return EncryptedToken(f"{_PREFIX}{self.key_ids[0]}:{self._fernet.encrypt(token.reveal().encode()).decode()}")

    def is_newest(self, token: EncryptedToken) -> bool:
        """Whether the token is written with the newest key already."""
        return read_key_id(token) == self.key_ids[0]

    def renew(self, token: EncryptedToken) -> EncryptedToken:
        """The same token under the newest key. Raises what `decrypt` raises."""
        return token if self.is_newest(token) else self.encrypt(self.decrypt(token))

    def decrypt(self, token: EncryptedToken) -> Secret:
        """Raises `TokenKeyError` when the key that wrote the token is not among ours, or the text was changed."""
        key_id, text = read_key_id(token), token.removeprefix(_PREFIX).partition(":")[2]
        try:
            return Secret(self._fernet.decrypt(text.encode()).decode())
        except (InvalidToken, ValueError) as error:
            known = ", ".join(self.key_ids)
            why = "was altered" if key_id in self.key_ids else f"was written with key {key_id}, ours are {known}"
            raise TokenKeyError(f"A Page access token can't be decrypted: it {why}.", next_step=_BRING_BACK) from error


def read_key_id(token: EncryptedToken) -> str:
    """The fingerprint of the key that a token was written with."""
    return token.removeprefix(_PREFIX).partition(":")[0]


def _key_id(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:8]
