"""Does the audit log still say what it said when it was sealed?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row

from socialpub.db.audit import (
    count_unsealed,
    digest_old_seal,
    digest_seal,
    list_seals,
    read_cluster,
    read_last_seal,
)
from socialpub.db.engine import transaction
from socialpub.errors import AuditError

Report = Callable[[int, int], None]
"""How many seals are checked, of how many."""


@dataclass(frozen=True, slots=True)
class AuditVerdict:
    """What a look at the whole chain came to. `head` names the last seal; kept elsewhere, it proves all before it."""

    sealed_rows: int
    unsealed_rows: int
    """Written since the last seal; nothing can be said of them yet."""
    seals: int
    head: str
    troubles: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        return not self.troubles


@dataclass(frozen=True, slots=True)
class SealState:
    """The newest seal (0: none yet), and what a look at the newest ones came to; `verified` 0 is no look."""

    number: int
    sealed_at: datetime | None
    digest: str
    newer_entries: int
    verified: int
    troubles: tuple[str, ...]


def verify_audit_log(engine: Engine, *, expected_head: str | None = None, report: Report) -> AuditVerdict:
    """Digest every sealed row anew. `expected_head` is a `head` of an earlier verdict, which the chain has to contain.

    Raises `AuditError` for a head that is none.
    """
    with transaction(engine, actor="audit") as session:
        seals, cluster = list_seals(session), read_cluster(session)
    troubles = [*_gaps(seals), *_find_head(seals, expected_head)]
    for done, seal in enumerate(seals, start=1):
        troubles.extend(_check(engine, seal, seals, cluster))
        report(done, len(seals))
    # Rows that were there before a restore are under the first seal after it, too.
    own = [seal for seal in seals if seal.cluster == cluster and _find_restore(seals, seal) is None]
    with transaction(engine, actor="audit") as session:
        unsealed = count_unsealed(session)
    head = _head(seals[-1]) if seals else "none"
    return AuditVerdict(sum(seal.row_count for seal in own), unsealed, len(seals), head, tuple(troubles))


def read_head(engine: Engine) -> str:
    """The `head` of the chain as it is now, without a look at what it covers; "none" before the first seal."""
    with transaction(engine, actor="audit") as session:
        newest = read_last_seal(session)
    return _head(newest) if newest else "none"


def compare_seals(engine: Engine, numbers: Sequence[int]) -> list[str]:
    """What is wrong with what these seals cover, each in a transaction of its own."""
    with transaction(engine, actor="audit") as session:
        seals, cluster = list_seals(session), read_cluster(session)
    chosen = (seal for seal in seals if seal.number in numbers)
    return [trouble for seal in chosen for trouble in _check(engine, seal, seals, cluster)]


def _check(engine: Engine, seal: Row[Any], seals: list[Row[Any]], cluster: int) -> list[str]:
    until_id = _find_restore(seals, seal)
    with transaction(engine, actor="audit") as session:
        if until_id is not None:
            return list(_judge(seal, digest_old_seal(session, seal.number, until_id=until_id)))
        if seal.cluster == cluster:
            return list(_judge(seal, digest_seal(session, seal.number)))
    return []


def _judge(seal: Row[Any], found: Row[Any]) -> Iterator[str]:
    if found.row_count != seal.row_count:
        yield f"{_span(seal)}: {found.row_count} rows instead of {seal.row_count}."
    elif found.digest != seal.digest:
        yield f"{_span(seal)}: a row was changed, or another one stands in its place."


def _gaps(seals: list[Row[Any]]) -> Iterator[str]:
    numbers = [seal.number for seal in seals]
    if missing := sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers)):
        yield f"Seals {', '.join(map(str, missing[:10]))} are missing."


def _find_head(seals: list[Row[Any]], expected: str | None) -> Iterator[str]:
    if expected is None:
        return
    number, _, digest = expected.partition(":")
    if not (number.isdigit() and len(digest) == 64):
        raise AuditError(
            f"“{expected[:80]}” is no head of the chain.", next_step="give one that audit verify has printed, as 12:ab…"
        )
    if expected not in map(_head, seals):
        yield f"The chain has no seal {number} with the digest {digest[:12]}…: it was written anew since."


def _head(seal: Row[Any]) -> str:
    return f"{seal.number}:{seal.digest.hex()}"


def _span(seal: Row[Any]) -> str:
    upto = f"up to row {seal.upto_id}" if seal.upto_transaction else f"rows 1 to {seal.base_id}"
    return f"Seal {seal.number} of {seal.sealed_at:%Y-%m-%d %H:%M} UTC, {upto}"


def _find_restore(seals: list[Row[Any]], seal: Row[Any]) -> int | None:
    """The last id that was there when the database came to another server after this seal; None if it did not."""
    return next(
        (later.base_id for later in seals if later.number > seal.number and later.cluster != seal.cluster), None
    )
