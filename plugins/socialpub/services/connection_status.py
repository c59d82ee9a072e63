"""How a LARP's Page stands, for people and the backoffice; never a token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, func, select

from socialpub.db.connections import count_waiting_posts
from socialpub.db.engine import transaction
from socialpub.errors import UnknownLarpError
from socialpub.models import FacebookPageConnection, Larp
from socialpub.models.encrypted import read_key_id
from socialpub.models.instants import time_left


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """`expires_at` None means never; `waiting_posts` are pending now, whatever their time."""

    page_id: str
    page_name: str
    token_status: str
    token_problem: str | None
    reason: str | None
    expires_at: datetime | None
    data_access_expires_at: datetime | None
    checked_at: datetime | None
    scopes: tuple[str, ...]
    granted_by: str | None
    is_feed_subscribed: bool
    is_paused: bool
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    rate_limited_until: datetime | None
    """Facebook's limit, or the last one."""
    is_rate_limited: bool
    delivery: str
    key_id: str | None
    """The fingerprint of the key that its token is stored under; None without a token."""
    waiting_posts: int


def read_connection_status(engine: Engine, larp_id: UUID) -> ConnectionStatus | None:
    """None when the LARP has no Page. Raises `UnknownLarpError`."""
    with transaction(engine, actor="status") as session:
        if session.get(Larp, larp_id) is None:
            raise UnknownLarpError(f"No LARP has the id {larp_id}.", next_step="copy it from the backoffice.")
        page = session.scalars(
            select(FacebookPageConnection).where(
                FacebookPageConnection.larp_id == larp_id, FacebookPageConnection.disconnected_at.is_(None)
            )
        ).one_or_none()
        if page is None:
            return None
        now = session.scalars(select(func.now())).one()
        waiting = count_waiting_posts(session, page.id)
    return ConnectionStatus(
        page_id=page.page_id,
        page_name=page.page_name,
        token_status=page.token_status,
        token_problem=page.token_problem,
        reason=page.token_status_reason,
        expires_at=page.token_expires_at,
        data_access_expires_at=page.data_access_expires_at,
        checked_at=page.checked_at,
        scopes=tuple(page.scopes),
        granted_by=page.granted_by,
        is_feed_subscribed=page.feed_subscribed_at is not None,
        is_paused=page.paused_at is not None,
        paused_at=page.paused_at,
        paused_by=page.paused_by,
        pause_reason=page.pause_reason,
        rate_limited_until=page.rate_limited_until,
        is_rate_limited=page.rate_limited_until is not None and time_left(page.rate_limited_until, now) > timedelta(),
        delivery=page.delivery,
        key_id=read_key_id(page.access_token) if page.access_token else None,
        waiting_posts=waiting,
    )
