"""Stopping and resuming publishing by hand, for one Page or for all. Audited by the database, with actor and reason."""

from __future__ import annotations

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from socialpub.db.engine import transaction
from socialpub.errors import UnknownPageError
from socialpub.models import FacebookPageConnection, PublishingGate


def pause(engine: Engine, *, page_id: str | None, reason: str, actor: str) -> str:
    """Close one Page, or with None the gate of all; posts not yet behind the fence stay. Returns what was done."""
    with transaction(engine, actor=actor) as session:
        target = _find(session, page_id)
        target.pause(reason, actor=actor, now=session.scalars(select(func.now())).one())
        return f"{_name(target)} is paused; posts wait until somebody resumes it."


def resume(engine: Engine, *, page_id: str | None, actor: str) -> str:
    """Open again what `pause` closed; what came too late meanwhile is decided by the lateness rule."""
    with transaction(engine, actor=actor) as session:
        target = _find(session, page_id)
        if target.paused_at is None:
            return f"{_name(target)} was not paused; nothing has changed."
        target.resume()
        return f"{_name(target)} is open again; overdue posts go out at the Page's pace, if their lateness rule allows."


def _find(session: Session, page_id: str | None) -> PublishingGate | FacebookPageConnection:
    if page_id is None:
        return session.get_one(PublishingGate, 1, with_for_update=True)
    return find_page(session, page_id)


def find_page(session: Session, page_id: str) -> FacebookPageConnection:
    """The living connection of the Page, locked. Raises `UnknownPageError`."""
    page = session.scalars(
        select(FacebookPageConnection)
        .where(FacebookPageConnection.page_id == page_id, FacebookPageConnection.disconnected_at.is_(None))
        .with_for_update()
    ).one_or_none()
    if page is None:
        raise UnknownPageError(
            f"No connected Page has the id “{page_id[:60]}”.",
            next_step="copy it from facebook_page_connections.page_id, or from the Page's About section on Facebook.",
        )
    return page


def _name(target: PublishingGate | FacebookPageConnection) -> str:
    return "All publishing" if isinstance(target, PublishingGate) else str(target)
