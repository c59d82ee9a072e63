"""The LARPs by name, for people who choose among them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, select

from socialpub.db.engine import transaction
from socialpub.models import Larp


@dataclass(frozen=True, slots=True)
class LarpName:
    id: UUID
    title: str
    time_zone: str


def list_larps(engine: Engine, ids: Collection[UUID] | None) -> tuple[LarpName, ...]:
    """By title; None is all of them."""
    wanted = select(Larp.id, Larp.title, Larp.time_zone).order_by(Larp.title, Larp.id)
    if ids is not None:
        wanted = wanted.where(Larp.id.in_(ids))
    with transaction(engine, actor="console") as session:
        return tuple(LarpName(*row) for row in session.execute(wanted))
