"""Does the audit log still say what it said when it was sealed?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
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
class LookBack:
    """A stretch of the chain that was looked at, from seal `newest` back to `oldest` (both 0: there is no seal)."""

    newest: int
    sealed_at: datetime | None
    """When the newest of the whole chain was made."""
    head: str
    """Of the whole chain."""
    oldest: int
    has_older: bool
    troubles: tuple[str, ...]


def verify_audit_log(engine: Engine, *, expected_head: str | None = None, report: Report) -> AuditVerdict:
    """Digest every sealed row anew. `expected_head` is a `head` of an earlier verdict, which the chain has to contain.

    Raises `AuditError` for a head that is none.
    """
    with transaction(engine, actor="audit") as session:
        seals, cluster = list_seals(session), read_cluster(session)
    troubles = [*_gaps(seals), *_find_head(seals, expected_head)]
    restores = _find_restores(seals)
    for done, seal in enumerate(seals, start=1):
        troubles.extend(_check(engine, seal, restores[seal.number], cluster))
        report(done, len(seals))
    # Rows that were there before a restore are under the first seal after it, too.
    own = [seal for seal in seals if seal.cluster == cluster and restores[seal.number] is None]
    with transaction(engine, actor="audit") as session:
        unsealed = count_unsealed(session)
    head = _head(seals[-1]) if seals else "none"
    return AuditVerdict(sum(seal.row_count for seal in own), unsealed, len(seals), head, tuple(troubles))


def read_head(engine: Engine) -> str:
    """The `head` of the chain as it is now, without a look at what it covers; "none" before the first seal."""
    with transaction(engine, actor="audit") as session:
        newest = read_last_seal(session)
    return _head(newest) if newest else "none"


def look_back(
    engine: Engine, *, below: int | None = None, expected_head: str | None = None, patience: timedelta
) -> LookBack:
    """The same for part of the chain: back from the newest seal, or the one before `below`, until `patience` is over.

    Looks at one seal at least, however many rows it covers, and no further once something is wrong.
    """
    ends_at = time.monotonic() + patience.total_seconds()
    with transaction(engine, actor="audit") as session:
        seals, cluster = list_seals(session), read_cluster(session)
    restores = _find_restores(seals)
    troubles = [*_gaps(seals), *_find_head(seals, expected_head)] if below is None else []
    chosen = [seal for seal in reversed(seals) if below is None or seal.number < below]
    looked_at = 0
    for seal in chosen:
        troubles.extend(_check(engine, seal, restores[seal.number], cluster))
        looked_at += 1
        if troubles or time.monotonic() >= ends_at:
            break
    return LookBack(
        newest=chosen[0].number if chosen else 0,
        sealed_at=seals[-1].sealed_at if seals else None,
        head=_head(seals[-1]) if seals else "",
        oldest=chosen[looked_at - 1].number if chosen else 0,
        has_older=looked_at < len(chosen),
        troubles=tuple(troubles),
    )


def _check(engine: Engine, seal: Row[Any], until_id: int | None, cluster: int) -> list[str]:
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


def _find_restores(seals: Sequence[Row[Any]]) -> dict[int, int | None]:
    """For each seal the last id that was there when the database came to another server after it; None if it did not.

    A year has a hundred thousand seals, so they are gone through once, from the end.
    """
    found: dict[int, int | None] = {}
    later: Row[Any] | None = None
    for seal in reversed(seals):
        moved = later is not None and later.cluster != seal.cluster
        found[seal.number] = (later.base_id if moved else found[later.number]) if later is not None else None
        later = seal
    return found
