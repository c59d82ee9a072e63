"""The lists of drafts: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Row, Text, TextClause, Uuid, bindparam, select, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from socialpub.db.sql_files import read_query
from socialpub.models import FacebookPageConnection, Larp

_TYPES: dict[str, TypeEngine[Any]] = {
    "larp_id": Uuid(),
    "statuses": ARRAY(Text()),
    "connection_ids": ARRAY(Uuid()),
    "before_number": BigInteger(),
    "since": DateTime(timezone=True),
    "until": DateTime(timezone=True),
    "after_at": DateTime(timezone=True),
    "after_id": Uuid(),
    "most": BigInteger(),
}


_PAGES_OF_LARP = (
    select(FacebookPageConnection.id, FacebookPageConnection.page_id)
    .select_from(Larp)
    .outerjoin(FacebookPageConnection, FacebookPageConnection.larp_id == Larp.id)
    .where(Larp.id == bindparam("larp_id"))
    .order_by(FacebookPageConnection.id)
)
"""One row without a Page when the LARP has none, and no row when there is no such LARP."""


@cache
def _query(name: str) -> TextClause:
    clause = text(read_query(name))
    return clause.bindparams(*(bindparam(key, type_=_TYPES[key]) for key in clause.compile().params if key in _TYPES))


def list_connections_of_page(
    session: Session, larp_id: UUID, page_id: str | None
) -> tuple[list[UUID], list[UUID]] | None:
    """All connections that the LARP has or had, and those of them to the Page (None: all); None without such a LARP."""
    rows = session.execute(_PAGES_OF_LARP, {"larp_id": larp_id}).all()
    connected = [row for row in rows if row.id is not None]
    of_page = [row.id for row in connected if page_id in (None, row.page_id)]
    return ([row.id for row in connected], of_page) if rows else None


def list_connections_of_larps(session: Session, larp_ids: Collection[UUID]) -> dict[UUID, str]:
    """The Page of each connection that one of the LARPs has or had."""
    page = FacebookPageConnection
    chosen = select(page.id, page.page_id).where(page.larp_id.in_(larp_ids)).order_by(page.id)
    return {row.id: row.page_id for row in session.execute(chosen)}


def list_newest_drafts(
    session: Session,
    larp_id: UUID,
    statuses: Sequence[str],
    connection_ids: Sequence[UUID] | None,
    *,
    after: int | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """Newest first, below the number `after`. `connection_ids` None is every Page."""
    params = {"larp_id": larp_id, "statuses": list(statuses), "before_number": after or 2**62, "most": limit}
    if connection_ids is None:
        return session.execute(_query("list_newest_drafts"), params).all()
    return session.execute(
        _query("list_newest_drafts_of_page"), {**params, "connection_ids": list(connection_ids)}
    ).all()


def list_planned_drafts(
    session: Session,
    larp_id: UUID,
    statuses: Sequence[str],
    connection_ids: Sequence[UUID],
    *,
    since: datetime | None,
    until: datetime | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """By their time, from `since` to before `until`, behind the post `after`."""
    params = {"larp_id": larp_id, "statuses": list(statuses), "connection_ids": list(connection_ids), "most": limit}
    after_at, after_id = after or (None, None)
    span = {"since": since, "until": until, "after_at": after_at, "after_id": after_id}
    return session.execute(_query("list_planned_drafts"), {**params, **span}).all()
