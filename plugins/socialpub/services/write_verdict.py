"""Writing down what a check found, and what follows from it: posts held or released, a prompt, a renewed token."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from socialpub.db import connections as statements
from socialpub.models import FacebookPageConnection, TokenProblem, TokenStatus
from socialpub.models.encrypted import TokenCipher
from socialpub.services.holds import lose_token, release_posts
from socialpub.services.renew import Renewed
from socialpub.services.token_verdict import Verdict, days_to_prompt


@dataclass(frozen=True, slots=True)
class Standing:
    """How the connection stands after the check."""

    status: TokenStatus
    reason: str | None
    note: str | None = None


def write_verdict(
    session: Session, page: FacebookPageConnection, verdict: Verdict, *, reconnect_url: str
) -> Standing | None:
    """Write the verdict on the token that `page` was read with; None when another one was stored meanwhile."""
    stored = _lock(session, page)
    if stored is None:
        return None
    now = session.scalars(select(func.now())).one()
    stored.checked_at = now
    if verdict.problem:
        lose_token(session, stored, verdict.problem, verdict.reason or "", token_stored_at=page.token_stored_at)
        stored.checked_at = now  # lose_token has read the row anew.
    elif stored.token_problem != TokenProblem.NOT_PERMITTED:  # No check can see whether that has passed.
        _accept(session, stored, verdict)
    if stored.token_status == TokenStatus.EXPIRING:
        _prompt(session, stored, now, reconnect_url)
    return Standing(TokenStatus(stored.token_status), stored.token_status_reason, verdict.warning)


def write_renewed(
    session: Session, cipher: TokenCipher, page: FacebookPageConnection, renewed: Renewed
) -> Standing | None:
    """Store the renewed token in the place of the one that `page` was read with; None as above."""
    stored = _lock(session, page)
    if stored is None:
        return None
    stored.checked_at = session.scalars(select(func.now())).one()
    stored.refresh_token(
        renewed.token,
        cipher,
        expires_at=renewed.verdict.expires_at,
        data_access_expires_at=renewed.verdict.data_access_expires_at,
        user_token=renewed.user_token,
    )
    _accept(session, stored, renewed.verdict)
    return Standing(TokenStatus.VALID, None, "The token was renewed.")


def _lock(session: Session, page: FacebookPageConnection) -> FacebookPageConnection | None:
    stored = session.get_one(FacebookPageConnection, page.id, with_for_update=True)
    is_same = stored.token_stored_at == page.token_stored_at and stored.disconnected_at is None
    return stored if is_same else None


def _accept(session: Session, stored: FacebookPageConnection, verdict: Verdict) -> None:
    if stored.token_status == TokenStatus.LOST:
        release_posts(session, stored)
    stored.mark_token(verdict.status, verdict.reason)
    stored.token_expires_at, stored.data_access_expires_at = verdict.expires_at, verdict.data_access_expires_at
    stored.scopes = verdict.scopes


def _prompt(session: Session, stored: FacebookPageConnection, now: datetime, reconnect_url: str) -> None:
    days = days_to_prompt(stored.token_expires_at, now)
    session.flush()
    if days is not None:
        statements.prompt_reconnect(session, stored.id, days=days, reconnect_url=reconnect_url)
