"""What is asked of the audit log's seals; see migration 0011."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from socialpub.db.sql_files import read_query
from socialpub.models import AuditSeal


def list_seals(session: Session) -> list[Row[Any]]:
    """In the order of the chain."""
    seal = AuditSeal
    return list(
        session.execute(
            select(
                seal.number, seal.cluster, seal.base_id, seal.upto_transaction, seal.upto_id, seal.row_count,
                seal.digest, seal.sealed_at,
            ).order_by(seal.number)
        )
    )  # fmt: skip


def read_last_seal(session: Session) -> Row[Any] | None:
    """Number and digest; None where nothing is sealed yet."""
    newest = select(AuditSeal.number, AuditSeal.digest).order_by(AuditSeal.number.desc()).limit(1)
    return session.execute(newest).first()


def read_cluster(session: Session) -> int:
    """The server's own number."""
    number: int = session.scalars(text("select system_identifier from pg_control_system()")).one()
    return number


def digest_seal(session: Session, number: int) -> Row[Any]:
    """How many rows the seal covers now, and the digest that they give."""
    session.execute(text("set local statement_timeout = 0"))
    return session.execute(
        text(
            "select found.row_count, found.digest from social_audit_seals as seal"
            " cross join lateral social_digest_of_seal(seal) as found where seal.number = :number"
        ),
        {"number": number},
    ).one()


def digest_old_seal(session: Session, number: int, *, until_id: int) -> Row[Any]:
    """The same for a seal from before a restore, after which the log's ids begin behind `until_id`."""
    session.execute(text("set local statement_timeout = 0"))
    return session.execute(text(read_query("digest_old_seal")), {"number": number, "until_id": until_id}).one()


def count_unsealed(session: Session) -> int:
    session.execute(text("set local statement_timeout = 0"))
    count: int = session.scalars(text(read_query("count_unsealed"))).one()
    return count
