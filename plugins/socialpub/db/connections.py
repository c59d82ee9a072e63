"""The set-based statements on connections: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, SmallInteger, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from socialpub.db.sql_files import read_query
from socialpub.models.encrypted import EncryptedToken


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """The tokens of a connection as they are stored."""

    id: UUID
    access_token: EncryptedToken | None
    user_access_token: EncryptedToken | None


_TYPES: dict[str, TypeEngine[Any]] = {
    "access_tokens": ARRAY(Text()),
    "after": Uuid(),
    "connection_id": Uuid(),
    "days": SmallInteger(),
    "ids": ARRAY(Uuid()),
    "page_id": Text(),
    "reconnect_url": Text(),
    "user_access_tokens": ARRAY(Text()),
}


@cache
def _query(name: str) -> TextClause:
    clause = text(read_query(name))
    return clause.bindparams(*(bindparam(key, type_=_TYPES[key]) for key in clause.compile().params if key in _TYPES))


def hold_posts(session: Session, connection_id: UUID) -> int:
    """Write the reason of a lost token on the Page's pending posts."""
    return len(session.execute(_query("hold_posts"), {"connection_id": connection_id}).all())


def hold_due_posts(session: Session) -> int:
    """The same for what is due by now, on all Pages without a usable token."""
    return len(session.execute(_query("hold_due_posts")).all())


def release_held_posts(session: Session, connection_id: UUID) -> int:
    return len(session.execute(_query("release_held_posts"), {"connection_id": connection_id}).all())


def choose_connections_to_check(session: Session, *, page_id: str | None) -> list[UUID]:
    """Whose turn it is, or the Page that a person names."""
    return list(session.scalars(_query("choose_connections_to_check"), {"page_id": page_id}))


def prompt_reconnect(session: Session, connection_id: UUID, *, days: int, reconnect_url: str) -> bool:
    """Whether this prompt was due: each is given once a token."""
    params = {"connection_id": connection_id, "days": days, "reconnect_url": reconnect_url}
    return session.execute(_query("prompt_reconnect"), params).first() is not None


def count_tokens_per_key(session: Session) -> dict[str, int]:
    """How many tokens are stored under each key, by its fingerprint."""
    return {row.key_id: row.tokens for row in session.execute(_query("count_tokens_per_key"))}


def take_tokens_of_old_keys(session: Session, *, newest_key_id: str, after: UUID, batch: int) -> list[StoredTokens]:
    """The next connections, by id, that have a token under another key; locked until the end of the transaction."""
    params = {"newest": f"fernet:{newest_key_id}:%", "after": after, "batch": batch}
    return [StoredTokens(*row) for row in session.execute(_query("take_tokens_of_old_keys"), params)]


def store_renewed_tokens(session: Session, tokens: Sequence[StoredTokens]) -> None:
    """Replace the stored form of tokens by another one of the same tokens; for the audit log nothing has changed."""
    session.execute(text("select set_config('socialpub.rotates_keys', 'yes', true)"))
    params = {
        "ids": [row.id for row in tokens],
        "access_tokens": [row.access_token for row in tokens],
        "user_access_tokens": [row.user_access_token for row in tokens],
    }
    session.execute(_query("store_renewed_tokens"), params)
