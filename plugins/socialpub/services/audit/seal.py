"""Sealing the audit log: what was written becomes a link of the chain, while writers go on."""

from __future__ import annotations

from sqlalchemy import Engine, text

from socialpub.db.engine import transaction

_ROWS_A_SEAL = 50_000
"""So many are digested within a second or two."""
_ACTOR = "audit"


def seal_audit_log(engine: Engine, *, max_seals: int = 1_000) -> int:
    """Seal what transactions that are over have written; returns the number of rows. Each seal is a transaction.

    The first seal of a server covers the whole log, makes writers wait meanwhile, and has no time limit.
    """
    sealed = 0
    for _ in range(max_seals):
        with transaction(engine, actor=_ACTOR) as session:
            session.execute(text("set local statement_timeout = 0"))
            rows = session.scalars(text("select social_seal_audit_log(:most)"), {"most": _ROWS_A_SEAL}).one()
        if rows is None:
            break
        sealed += rows
    return sealed
