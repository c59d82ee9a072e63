"""The lists of scheduled posts: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, Row, Text, TextClause, Uuid, bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from socialpub.db.sql_files import read_query

_TYPES: dict[str, TypeEngine[Any]] = {
    "connection_ids": ARRAY(Uuid()),
    "statuses": ARRAY(Text()),
    "since": DateTime(timezone=True),
    "until": DateTime(timezone=True),
    "edge_at": DateTime(timezone=True),
    "edge_id": Uuid(),
    "each": BigInteger(),
    "most": BigInteger(),
    "post_ids": ARRAY(Uuid()),
    "starts": ARRAY(DateTime(timezone=True)),
    "ends": ARRAY(DateTime(timezone=True)),
    "words": Text(),
    "zone": Text(),
}
_FEW_PAGES = 8
_AN_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a list by time a post stands."""

    publish_at: datetime
    id: UUID


@cache
def _query(name: str) -> TextClause:
    clause = text(read_query(name))
    return clause.bindparams(*(bindparam(key, type_=_TYPES[key]) for key in clause.compile().params if key in _TYPES))


def list_places(
    session: Session,
    query: str,
    connection_ids: Sequence[UUID],
    statuses: Sequence[str],
    *,
    since: datetime,
    until: datetime,
    edge: Place,
    limit: int,
    is_backwards: bool = False,
) -> list[Place]:
    """Of the list `query`, from behind `edge`; `until` is exclusive.

    Of many Pages first the next post of each is looked for. A Page whose next one is not among the first `limit` of
    these has nothing to show, nor has any Page behind the last of them: a thousand Pages cost little more than one.
    """
    params = {"connection_ids": list(connection_ids), "statuses": list(statuses), "since": since, "until": until}
    params |= {"edge_at": edge.publish_at, "edge_id": edge.id, "most": limit}
    if len(connection_ids) > _FEW_PAGES:
        nearest = session.execute(_query(query), params | {"each": 1}).all()
        params["connection_ids"] = list(dict.fromkeys(row.connection_id for row in nearest))
        if len(nearest) == limit:
            last = nearest[-1].publish_at
            params |= {"since": max(since, last)} if is_backwards else {"until": min(until, last + _AN_INSTANT)}
    rows = session.execute(_query(query), params | {"each": limit}).all()
    return [Place(row.publish_at, row.id) for row in rows]


def read_lines(session: Session, post_ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """What a list shows of each."""
    rows = session.execute(_query("read_queue_lines"), {"post_ids": list(post_ids)}).all()
    return {row.id: row for row in rows}


def find_titled(session: Session, post_ids: Sequence[UUID], words: str) -> set[UUID]:
    """Those whose draft has the words in its title, in capitals or not."""
    return set(session.scalars(_query("find_titled_posts"), {"post_ids": list(post_ids), "words": words}))


def count_posts_a_day(
    session: Session, connection_ids: Sequence[UUID], *, since: datetime, until: datetime, zone: str
) -> Sequence[Row[Any]]:
    """Rows of `day` (in the zone), `status`, `posts`; canceled ones are left out."""
    params = {"connection_ids": list(connection_ids), "since": since, "until": until, "zone": zone}
    return session.execute(_query("count_posts_a_day"), params).all()


def list_places_of_days(
    session: Session, connection_ids: Sequence[UUID], days: Sequence[tuple[datetime, datetime]], *, limit: int
) -> list[Place]:
    """The first `limit` of each day and Page."""
    starts, ends = [day[0] for day in days], [day[1] for day in days]
    params = {"connection_ids": list(connection_ids), "starts": starts, "ends": ends, "most": limit}
    return [Place(row.publish_at, row.id) for row in session.execute(_query("list_posts_of_days"), params)]
