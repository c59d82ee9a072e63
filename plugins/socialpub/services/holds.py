"""A Page whose token is lost: its posts are held together, and go out together once it is mended."""

from __future__ import annotations

import logging
from datetime import datetime

from sqlalchemy.orm import Session

from socialpub.db import connections as statements
from socialpub.models import FacebookPageConnection, TokenProblem, TokenStatus

log = logging.getLogger(__name__)


def lose_token(
    session: Session,
    connection: FacebookPageConnection,
    problem: TokenProblem,
    reason: str,
    *,
    token_stored_at: datetime | None,
) -> None:
    """Hold the Page's posts with `reason`; the database tells the outbox, once.

    `token_stored_at` tells which token Facebook spoke of: one that was replaced meanwhile says nothing about the new.
    """
    session.refresh(connection, with_for_update=True)
    if connection.token_stored_at != token_stored_at:
        log.warning("%s has got a new token meanwhile; it is tried with that one", connection)
    elif connection.token_status != TokenStatus.LOST:
        connection.mark_token_lost(problem, reason)
        session.flush()
        statements.hold_posts(session, connection.id)


def release_posts(session: Session, connection: FacebookPageConnection) -> int:
    """Let the held posts go on their way, and wake the scan: the lateness rule decides, the rest leave at their pace.

    Call it while the connection still carries the reason they were held with; returns how many there are.
    """
    return statements.release_held_posts(session, connection.id)
