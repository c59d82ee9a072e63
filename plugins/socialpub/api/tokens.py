"""Tokens that the backoffice signs: who asks, and with which roles, until when.

Only asymmetric signatures are taken, so that nothing here could make a token. Source: RFC 7519, RFC 7517, RFC 8725.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import jwt

from socialpub.access_settings import TokenSettings
from socialpub.api.keys import KeyRing
from socialpub.api.roles import ALL_LARPS, Principal, Role

_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA")
_REQUIRED = ("exp", "iat", "iss", "aud", "sub", "jti")
_LONGEST_NAME = 200  # characters; it stands in rows and logs


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
    try:
        return jwt.decode(
            token,
            key,
            algorithms=list(_ALGORITHMS),
            audience=settings.audience,
            issuer=settings.issuer,
            leeway=settings.leeway,
            options={"require": list(_REQUIRED)},
        )
    except TypeError as error:  # PyJWT's word for an elliptic key and a token of RSA, and the like.
        raise jwt.InvalidKeyError("The key is of another kind than the token's algorithm") from error


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
