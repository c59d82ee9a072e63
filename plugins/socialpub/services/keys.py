"""The keys of the stored tokens: which are in use, and moving all tokens to the newest while publishing goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, select

from socialpub.db import connections as statements
from socialpub.db.connections import StoredTokens
from socialpub.db.engine import transaction
from socialpub.db.patience import wait_for_database
from socialpub.errors import TokenKeyError
from socialpub.models import FacebookPageConnection
from socialpub.models.encrypted import EncryptedToken, TokenCipher

_FIRST = UUID(int=0)
_BATCH = 200  # Locks that many connections for some 50 ms; an outcome that wants to close a Page waits no longer.
_PAGE = 1000

Report = Callable[[int, int], None]
"""How many tokens are moved by now, and how many there were to move."""


@dataclass(frozen=True, slots=True)
class KeyUse:
    """One key by its fingerprint. `is_ours`: it is among the configured keys; without it these tokens are shut."""

    key_id: str
    tokens: int
    is_ours: bool
    is_newest: bool


@dataclass(frozen=True, slots=True)
class UnreadableToken:
    """A stored token that no configured key opens."""

    page: str
    words: str


def list_keys(engine: Engine, cipher: TokenCipher) -> list[KeyUse]:
    """The configured keys in their order, then those that tokens are stored under although we do not have them."""
    with transaction(engine, actor="keys") as session:
        tokens = statements.count_tokens_per_key(session)
    unknown = [key_id for key_id in tokens if key_id not in cipher.key_ids]
    return [
        KeyUse(key_id, tokens.get(key_id, 0), key_id in cipher.key_ids, key_id == cipher.key_ids[0])
        for key_id in (*cipher.key_ids, *unknown)
    ]


def verify_tokens(engine: Engine, cipher: TokenCipher) -> tuple[int, list[UnreadableToken]]:
    """How many stored tokens our keys open, and which they do not."""
    good, unreadable = 0, []
    for page in _connections_with_token(engine):
        for token in filter(None, (page.access_token, page.user_access_token)):
            try:
                cipher.decrypt(token)
                good += 1
            except TokenKeyError as error:
                unreadable.append(UnreadableToken(str(page), str(error)))
    return good, unreadable


def rotate_keys(engine: Engine, cipher: TokenCipher, *, actor: str, report: Report) -> int:
    """Move every token to the newest key, a batch a transaction; returns how many were moved.

    May be killed and called again at any moment, also twice at the same time. A token that no key opens is left as it
    is (`verify_tokens` names it). Raises `TokenKeyError`, before anything is changed, when tokens are stored under a
    key that is not configured: nobody may drop that one yet.
    """
    keys = list_keys(engine, cipher)
    _refuse_missing_keys(keys)
    total = sum(key.tokens for key in keys if not key.is_newest)
    moved, after = 0, _FIRST
    report(moved, total)
    while batch := _rotate_batch(engine, cipher, after=after, actor=actor):
        moved, after = moved + batch.moved, batch.last_id
        report(moved, total)
    return moved


def require_unused(keys: Sequence[KeyUse], key_id: str) -> None:
    """Raises `TokenKeyError` when this key may not be dropped: it is the newest, or tokens are stored under it."""
    key = next((key for key in keys if key.key_id == key_id), None)
    if key is None:
        raise TokenKeyError(f"No key has the fingerprint “{key_id[:20]}”.", next_step="see `socialpub keys list`.")
    if key.is_newest:
        raise TokenKeyError(
            f"Key {key_id} is the newest: new tokens are written with it.",
            next_step="put a newer one in front of it first.",
        )
    if key.tokens:
        raise TokenKeyError(
            f"Key {key_id} is still in use by {key.tokens} tokens.",
            next_step="run `socialpub keys rotate`; if it stays in use, restart what still has the old setting.",
        )


@dataclass(frozen=True, slots=True)
class _Batch:
    moved: int
    last_id: UUID


@wait_for_database  # A batch that was committed although its answer was lost is found done.
def _rotate_batch(engine: Engine, cipher: TokenCipher, *, after: UUID, actor: str) -> _Batch | None:
    with transaction(engine, actor=actor) as session:
        rows = statements.take_tokens_of_old_keys(session, newest_key_id=cipher.key_ids[0], after=after, batch=_BATCH)
        if not rows:
            return None
        renewed = [
            StoredTokens(row.id, _renew(cipher, row.access_token), _renew(cipher, row.user_access_token))
            for row in rows
        ]
        statements.store_renewed_tokens(session, renewed)
    return _Batch(sum(map(_count_changes, rows, renewed)), rows[-1].id)


def _renew(cipher: TokenCipher, token: EncryptedToken | None) -> EncryptedToken | None:
    if token is None:
        return None
    try:
        return cipher.renew(token)
    except TokenKeyError:
        return token


def _count_changes(before: StoredTokens, after: StoredTokens) -> int:
    return (before.access_token != after.access_token) + (before.user_access_token != after.user_access_token)


def _refuse_missing_keys(keys: Sequence[KeyUse]) -> None:
    missing = [key for key in keys if not key.is_ours]
    if missing:
        uses = ", ".join(f"{key.key_id} ({key.tokens} tokens)" for key in missing)
        raise TokenKeyError(
            f"Tokens are stored under keys that are not configured: {uses}.",
            next_step="put those keys back, last in SOCIALPUB_TOKEN_KEYS, and rotate again; where one is gone for "
            "good, reconnect its Pages (`socialpub keys verify` names them).",
        )


def _connections_with_token(engine: Engine) -> Iterator[FacebookPageConnection]:
    after = _FIRST
    while True:
        with transaction(engine, actor="keys") as session:
            page = session.scalars(
                select(FacebookPageConnection)
                .where(FacebookPageConnection.id > after, FacebookPageConnection.access_token.is_not(None))
                .order_by(FacebookPageConnection.id)
                .limit(_PAGE)
            ).all()
        if not page:
            return
        yield from page
        after = page[-1].id
