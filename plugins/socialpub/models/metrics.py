"""What Prometheus counts, and when a scan last came to its end."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ARRAY, Column, Double, SmallInteger, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from socialpub.models.base import Base

# Added to by triggers and by processes, summed up by each scan; a row of it is nobody's, so it has no key.
METRIC_CHANGES = Table(
    "social_metric_changes",
    Base.metadata,
    Column("metric", Text, nullable=False),
    Column("labels", ARRAY(Text), nullable=False),
    Column("amount", Double, nullable=False),
)


class MetricTotal(Base):
    """A counter, or a bucket of a histogram, up to the last scan; `METRIC_CHANGES` came since."""

    __tablename__ = "social_metric_totals"

    metric: Mapped[str] = mapped_column(primary_key=True)
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text), primary_key=True)
    amount: Mapped[float] = mapped_column(Double)


class LastScan(Base):
    """One row."""

    __tablename__ = "social_scans"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, server_default=text("1"))
    finished_at: Mapped[datetime | None]
