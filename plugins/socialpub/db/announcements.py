"""The statements on posts to announce: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ARRAY, BigInteger, RowMapping, bindparam, text
from sqlalchemy.orm import Session

from socialpub.db.sql_files import read_query


def find_unannounced_posts(session: Session, *, max_posts: int) -> Sequence[RowMapping]:
    """Oldest first: event_id, scheduled_post_id, larp_id, page_id, facebook_post_id, permalink_url, published_at."""
    return session.execute(text(read_query("find_unannounced_posts")), {"max_posts": max_posts}).mappings().all()


def mark_announced(session: Session, event_ids: Sequence[int]) -> None:
    clause = text(read_query("mark_announced")).bindparams(bindparam("event_ids", type_=ARRAY(BigInteger())))
    session.execute(clause, {"event_ids": list(event_ids)})
