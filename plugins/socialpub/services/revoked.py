"""Tokens of the backoffice that are taken back before they expire."""

from __future__ import annotations

from sqlalchemy import Engine

from socialpub.db.engine import transaction
from socialpub.models import RevokedToken


def is_revoked(engine: Engine, token_id: str) -> bool:
    """Whether the token with this `jti` was taken back. Raises what `transaction` raises: no answer, no entry."""
    with transaction(engine, actor="login") as session:
        return session.get(RevokedToken, token_id) is not None
