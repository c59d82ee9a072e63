"""The statements of what Prometheus counts: one file in `include/sql/queries`, one function here."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from sqlalchemy import Text, TextClause, bindparam, func, select, text
from sqlalchemy.orm import Session

from socialpub.db.sql_files import read_query


@dataclass(frozen=True, slots=True)
class Counted:
    """So much of a counter or bucket; labels are in the order that the metric has them."""

    metric: str
    labels: tuple[str, ...]
    amount: float


@dataclass(frozen=True, slots=True)
class Gauge:
    """A figure of this moment; `label` is None where the metric has none."""

    metric: str
    label: str | None
    amount: float


@cache
def _query(name: str) -> TextClause:
    return text(read_query(name))


def read_counters(session: Session) -> list[Counted]:
    return [Counted(row.metric, tuple(row.labels), row.amount) for row in session.execute(_query("read_counters"))]


def read_gauges(session: Session) -> list[Gauge]:
    """Those that have a value now."""
    row = session.execute(_query("read_gauges")).one()
    found = [(metric, value) for metric, value in row._mapping.items() if value is not None]  # noqa: SLF001 - public API
    plain = [Gauge(metric, None, float(value)) for metric, value in found if not isinstance(value, dict)]
    labelled = [(metric, value) for metric, value in found if isinstance(value, dict)]
    return plain + [Gauge(metric, label, float(n)) for metric, values in labelled for label, n in values.items()]


def add_counters(session: Session, counted: Iterable[Counted]) -> None:
    rows = [{"metric": one.metric, "labels": one.labels, "amount": one.amount} for one in counted]
    session.execute(_query("add_counters").bindparams(bindparam("counted", json.dumps(rows), type_=Text())))


def end_scan(session: Session) -> None:
    """Write down that a scan came to its end, and sum up what was counted since the last one."""
    session.execute(select(func.social_end_scan()))
