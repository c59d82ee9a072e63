"""Tokens of the backoffice that are taken back before they expire."""

from __future__ import annotations

from sqlalchemy import Engine, exists, select

from socialpub.db.engine import look
from socialpub.models import RevokedToken


def is_revoked(engine: Engine, token_id: str) -> bool:
    """Whether the token with this `jti` was taken back. Raises what `transaction` raises: no answer, no entry."""
    with look(engine) as connection:
        return connection.scalar(select(exists().where(RevokedToken.token_id == token_id))) is True
