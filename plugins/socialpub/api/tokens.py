"""Tokens that the backoffice signs: who asks, and with which roles, until when.

Only asymmetric signatures are taken, so that nothing here could make a token. Source: RFC 7519, RFC 7517, RFC 8725.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import jwt
import requests
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from socialpub.access_settings import TokenSettings
from socialpub.api.roles import ALL_LARPS, Principal, Role
from socialpub.errors import ConfigurationError

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_REQUIRED = ("exp", "iat", "iss", "aud", "sub", "jti")
_LONGEST_NAME = 200  # characters; it stands in rows and logs
_FRESH_SECONDS, _SOONEST_SECONDS = 300.0, 30.0
_PEM = re.compile(rb"-----BEGIN [A-Z ]+-----.*?-----END [A-Z ]+-----", re.DOTALL)


class TokenRefusedHereError(Exception):
    """The token is not taken; the message says why, for its owner."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """What a good token says."""

    principal: Principal
    token_id: str


def is_ours(token: str, settings: TokenSettings) -> bool:
    """Whether it claims to come from the backoffice, so that nobody else is asked about it. Nothing is proved yet."""
    if not settings.issuer:
        return False
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        return False
    return bool(claims.get("iss") == settings.issuer)


def read_token(token: str, settings: TokenSettings, keys: KeyRing) -> Bearer:
    """Raises `TokenRefusedHereError`, or `ConfigurationError` when our keys can't be had."""
    try:
        key_id = jwt.get_unverified_header(token).get("kid")
    except jwt.PyJWTError as error:
        raise TokenRefusedHereError("This is no signed token.") from error
    reasons = ["None of our keys has its key id."]
    for key in keys.find(key_id):
        try:
            return _read_claims(_verify(token, key, settings))
        except jwt.PyJWTError as error:
            reasons.append(str(error))
    raise TokenRefusedHereError(f"The token is not taken: {reasons[-1]}")


def _verify(token: str, key: Any, settings: TokenSettings) -> dict[str, Any]:  # noqa: ANN401 - keys of several kinds
    return jwt.decode(
        token,
        key,
        algorithms=list(_ALGORITHMS),
        audience=settings.audience,
        issuer=settings.issuer,
        leeway=settings.leeway,
        options={"require": list(_REQUIRED)},
    )


def _read_claims(claims: Mapping[str, Any]) -> Bearer:
    name, roles = claims["sub"], claims.get("social_roles")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
        raise jwt.InvalidTokenError("sub has to be a name of up to 200 printable characters")
    if name.startswith("airflow:"):
        raise jwt.InvalidTokenError("names that begin with airflow: belong to Airflow's logins")
    return Bearer(Principal(name, _read_roles(roles)), str(claims["jti"]))


def _read_roles(claim: Any) -> dict[str, frozenset[Role]]:  # noqa: ANN401 - JSON of a shape that is checked here
    """Roles that we do not know give nothing."""
    if not isinstance(claim, dict) or not all(isinstance(names, list) for names in claim.values()):
        raise jwt.InvalidTokenError("social_roles has to be an object of lists of roles, by LARP id or *")
    known = {role.value: role for role in Role}
    return {
        _read_larp(larp): frozenset(known[name] for name in names if isinstance(name, str) and name in known)
        for larp, names in claim.items()
    }


def _read_larp(text: str) -> str:
    try:
        return ALL_LARPS if text == ALL_LARPS else str(UUID(text))
    except ValueError as error:
        raise jwt.InvalidTokenError("social_roles names a LARP that is no UUID") from error


@dataclass
class KeyRing:
    """The backoffice's public keys: a PEM or JWKS file, or a JWKS at an https address; read again when they change.

    Rotation: publish the new key beside the old one, sign with it, take the old one out when its last token is over.
    """

    source: str
    _keys: Sequence[tuple[str | None, Any]] = ()
    _version: float = 0.0
    _read_at: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find(self, key_id: str | None) -> list[Any]:
        """Keys that a token with this key id may be signed with. Raises `ConfigurationError`."""
        with self._lock:
            self._refresh(key_id)
            return [key for known_id, key in self._keys if key_id is None or known_id in (None, key_id)]

    def _refresh(self, key_id: str | None) -> None:
        if not self.source.startswith("https://"):
            self._refresh_file(Path(self.source))
            return
        age = time.monotonic() - self._read_at
        is_unknown = all(known_id != key_id for known_id, _ in self._keys)
        # An unknown id may be a new key, or somebody's game: the address is asked twice a minute at most.
        if age > _FRESH_SECONDS or (is_unknown and age > _SOONEST_SECONDS):
            self._read_at = time.monotonic()
            self._refresh_url()

    def _refresh_file(self, path: Path) -> None:
        try:
            version = path.stat().st_mtime_ns
            if version != self._version:
                self._keys, self._version = parse_keys(path.read_bytes()), version
        except (OSError, ValueError) as error:
            raise self._unusable(error) from error

    def _refresh_url(self) -> None:
        try:
            answer = requests.get(self.source, timeout=5, allow_redirects=False)
            answer.raise_for_status()
            self._keys = parse_keys(answer.content)
        except (requests.RequestException, ValueError) as error:
            if not self._keys:  # Those we have stay good while the address is down.
                raise self._unusable(error) from error

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
