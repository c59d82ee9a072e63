"""Tokens of the backoffice that are taken back before they expire."""

from __future__ import annotations

from sqlalchemy import Engine, bindparam, exists, select

from socialpub.db.engine import look
from socialpub.models import RevokedToken

# Made once: each request asks this, and making a statement takes longer than the database needs to answer it.
_IS_REVOKED = select(exists().where(RevokedToken.token_id == bindparam("token_id")))


def is_revoked(engine: Engine, token_id: str) -> bool:
    """Whether the token with this `jti` was taken back. Raises what `transaction` raises: no answer, no entry."""
    with look(engine) as connection:
        return connection.scalar(_IS_REVOKED, {"token_id": token_id}) is True
