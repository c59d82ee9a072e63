"""The set-based statements on connections: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

import json
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


_LONGEST_NOTE = 500  # characters
NOBODY = UUID(int=0)
"""What an entry of the audit log is about when it is about no row, as for the gate."""

_TYPES: dict[str, TypeEngine[Any]] = {
    "access_tokens": ARRAY(Text()),
    "action": Text(),
    "after": Uuid(),
    "connection_id": Uuid(),
    "days": SmallInteger(),
    "entity_id": Uuid(),
    "ids": ARRAY(Uuid()),
    "larp_id": Uuid(),
    "page_id": Text(),
    "payload": Text(),
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


def count_waiting_posts(session: Session, connection_id: UUID) -> int:
    return int(session.execute(_query("count_waiting_posts"), {"connection_id": connection_id}).scalar_one())


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


def note_refusal(session: Session, larp_id: UUID | None, *, page_id: str | None, reason: str) -> None:
    """That a Page was not connected, and why. `larp_id` is None where a login can't be told to belong to any."""
    _write_note(session, "connection.refused", larp_id, page_id=page_id, reason=reason)


def note_rotation(session: Session, *, is_over: bool, key_id: str, tokens: int) -> None:
    """That the tokens are to be moved to this key, or were: one entry for all of them."""
    _write_note(session, "keys.rotated" if is_over else "keys.rotation_started", None, key_id=key_id, tokens=tokens)


def _write_note(session: Session, action: str, larp_id: UUID | None, **payload: str | int | None) -> None:
    # What a browser sends may be long, and hold the one character that no JSON of PostgreSQL's can.
    known = {
        name: value.replace("\0", "")[:_LONGEST_NOTE] if isinstance(value, str) else value
        for name, value in payload.items()
        if value is not None
    }
    params = {"action": action, "larp_id": larp_id, "entity_id": larp_id or NOBODY, "payload": json.dumps(known)}
    session.execute(_query("write_note"), params)
