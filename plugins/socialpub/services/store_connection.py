"""Writing a connection down: a new one, or an old one that comes back with its history."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, insert, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from socialpub.errors import PageRefusedError, UnknownLarpError
from socialpub.models import FacebookPageConnection, Larp
from socialpub.models.encrypted import TokenCipher
from socialpub.services.grants import Grant
from socialpub.services.holds import release_posts


def store_grant(session: Session, cipher: TokenCipher, larp_id: UUID, grant: Grant) -> FacebookPageConnection:
    """Connect the Page to the LARP. Posts that were held for want of a token go on their way.

    Raises `PageRefusedError` when the Page or the LARP is connected otherwise, `UnknownLarpError` without the LARP.
    """
    _require_larp(session, larp_id)
    for conflict in find_conflicts(session, larp_id, [grant.page_id]).values():
        raise conflict
    connection = _find_former(session, larp_id, grant.page_id) or _insert(session, larp_id, grant)
    release_posts(session, connection)
    _take_over(connection, cipher, grant, session.scalars(select(func.now())).one())
    return connection


def find_conflicts(session: Session, larp_id: UUID, page_ids: Collection[str]) -> dict[str, PageRefusedError]:
    """Which of these Pages can't be this LARP's, and why: they serve another LARP, or the LARP has another Page."""
    alive = FacebookPageConnection.disconnected_at.is_(None)
    concerned = or_(FacebookPageConnection.page_id.in_(page_ids), FacebookPageConnection.larp_id == larp_id)
    connections = session.scalars(select(FacebookPageConnection).where(alive, concerned)).all()
    own = next((one for one in connections if one.larp_id == larp_id), None)
    conflicts = {}
    if own is not None:
        next_step = "disconnect that Page first, then connect this one."
        conflicts = {
            page_id: PageRefusedError(f"This LARP is connected to {own}.", next_step=next_step)
            for page_id in page_ids
            if page_id != own.page_id
        }
    # Not which LARP: who may connect this one's Page need not know of the others.
    elsewhere = {
        one.page_id: _elsewhere("This Page is connected to another LARP.")
        for one in connections
        if one.larp_id != larp_id
    }
    return conflicts | elsewhere


def _elsewhere(words: str) -> PageRefusedError:
    return PageRefusedError(words, next_step="disconnect it there first, or choose another Page.")


def _require_larp(session: Session, larp_id: UUID) -> None:
    if session.get(Larp, larp_id) is None:
        raise UnknownLarpError(f"No LARP has the id {larp_id}.", next_step="copy it from larps.id.")


def _find_former(session: Session, larp_id: UUID, page_id: str) -> FacebookPageConnection | None:
    """The living connection of the two, else the one they had last."""
    return session.scalars(
        select(FacebookPageConnection)
        .where(FacebookPageConnection.larp_id == larp_id, FacebookPageConnection.page_id == page_id)
        .order_by(FacebookPageConnection.disconnected_at.desc().nulls_first())
        .limit(1)
        .with_for_update()
    ).one_or_none()


def _insert(session: Session, larp_id: UUID, grant: Grant) -> FacebookPageConnection:
    # Only what the publisher's role may insert: the ORM would name every column.
    values = {"larp_id": larp_id, "page_id": grant.page_id, "page_name": grant.page_name}
    try:
        return session.scalars(insert(FacebookPageConnection).values(values).returning(FacebookPageConnection)).one()
    except IntegrityError as error:
        raise _elsewhere("It was connected by somebody else at this moment.") from error


def _take_over(connection: FacebookPageConnection, cipher: TokenCipher, grant: Grant, now: datetime) -> None:
    verdict = grant.verdict
    connection.refresh_token(
        grant.token,
        cipher,
        expires_at=verdict.expires_at,
        data_access_expires_at=verdict.data_access_expires_at,
        user_token=grant.user_token,
    )
    connection.mark_token(verdict.status, verdict.reason)
    connection.page_name, connection.scopes, connection.checked_at = grant.page_name, verdict.scopes, now
    connection.granted_by, connection.granted_by_id = grant.granted_by, grant.granted_by_id
    connection.feed_subscribed_at = now if grant.is_feed_subscribed else None
    connection.disconnected_at = None
