"""How publishing stands at this moment, and what of a LARP waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, Row, func, select
from sqlalchemy.orm import Session

from socialpub.db.digests import read_needs
from socialpub.db.engine import transaction
from socialpub.db.metrics import Gauge, read_gauges
from socialpub.models import FacebookPageConnection, Larp, PublishingGate
from socialpub.services.alerts import Alert, find_alerts
from socialpub.services.digest.findings import find_gate_troubles, find_page_troubles
from socialpub.services.digest.needs import describe_need


@dataclass(frozen=True, slots=True)
class Health:
    """Of the whole installation, as Prometheus reads it. Seconds are None where nothing is waited for."""

    last_scan_at: datetime | None
    scan_age_seconds: float | None
    due: int
    """Due and not out: what waits for its turn, and what is held."""
    oldest_due_seconds: float | None
    under_way: int
    unconfirmed: int
    oldest_unconfirmed_seconds: float | None
    tokens_lost: int
    tokens_expiring: int
    alerts: tuple[Alert, ...]


@dataclass(frozen=True, slots=True)
class PersonNeed:
    """`kind` is post, comment or draft; `post_id` is None for a draft. `next_step` may be ""."""

    kind: str
    status: str
    post_id: UUID | None
    draft_id: UUID
    words: str
    next_step: str


@dataclass(frozen=True, slots=True)
class Now:
    """`troubles` are about the Page or all Pages; `needs` about posts and drafts of the LARP, the newest first."""

    read_at: datetime
    health: Health
    troubles: tuple[str, ...]
    needs: tuple[PersonNeed, ...]


def read_now(engine: Engine, larp_id: UUID, zone: str) -> Now:
    """All of one moment."""
    with transaction(engine, actor="console") as session:
        now = session.scalars(select(func.now())).one()
        health = to_health(read_gauges(session), now)
        needs = read_needs(session, larp_id, now)
        troubles = tuple(_find_troubles(session, larp_id, now))
    return Now(now, health, troubles, tuple(_to_need(row, zone) for row in needs))


def to_health(gauges: Sequence[Gauge], now: datetime) -> Health:
    """What the gauges come to."""
    last = _first(gauges, "social_last_scan_timestamp_seconds")
    age = now.timestamp() - last if last is not None else None
    return Health(
        last_scan_at=datetime.fromtimestamp(last, UTC) if last is not None else None,
        scan_age_seconds=age,
        due=_total(gauges, "social_posts_due"),
        oldest_due_seconds=_most(gauges, "social_post_oldest_due_age_seconds"),
        under_way=_total(gauges, "social_posts_under_way"),
        unconfirmed=_total(gauges, "social_posts_unconfirmed"),
        oldest_unconfirmed_seconds=_most(gauges, "social_post_oldest_unconfirmed_age_seconds"),
        tokens_lost=_total(gauges, "social_page_tokens_lost"),
        tokens_expiring=_total(gauges, "social_page_tokens_expiring"),
        alerts=tuple(find_alerts(gauges, scan_age_seconds=age)),
    )


def _find_troubles(session: Session, larp_id: UUID, now: datetime) -> Sequence[str]:
    larp = session.get_one(Larp, larp_id)
    pages = session.scalars(
        select(FacebookPageConnection).where(
            FacebookPageConnection.larp_id == larp.id, FacebookPageConnection.disconnected_at.is_(None)
        )
    ).all()
    found = [*find_gate_troubles(session.get_one(PublishingGate, 1), now)]
    if not pages:
        found.append("No Facebook Page is connected: nothing of this LARP can go out.")
    for page in pages:
        found.extend(find_page_troubles(page, now, now))
    return found


def _to_need(row: Row[Any], zone: str) -> PersonNeed:
    words, next_step = describe_need(row, zone)
    return PersonNeed(row.kind, row.status, row.id, row.draft_id, words, next_step)


def _amounts(gauges: Sequence[Gauge], metric: str) -> list[float]:
    return [gauge.amount for gauge in gauges if gauge.metric == metric]


def _first(gauges: Sequence[Gauge], metric: str) -> float | None:
    return next(iter(_amounts(gauges, metric)), None)


def _most(gauges: Sequence[Gauge], metric: str) -> float | None:
    return max(_amounts(gauges, metric), default=None)


def _total(gauges: Sequence[Gauge], metric: str) -> int:
    return int(sum(_amounts(gauges, metric)))
