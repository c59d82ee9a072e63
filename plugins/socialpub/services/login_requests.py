"""The way through the login dialog: its state, used once, in time, by the person and for the LARP it was made for."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from socialpub.errors import PageRefusedError, UnknownLarpError
from socialpub.models import Larp, LoginRequest
from socialpub.models.seal import Sealer
from socialpub.models.secret import Secret

LIFETIME = timedelta(minutes=15)
_START_AGAIN = "start connecting the Page again."
_ABANDONED_AFTER = timedelta(days=1)


def open_request(session: Session, sealer: Sealer, larp_id: UUID, *, user: str, redirect_uri: str) -> Secret:
    """A new state for this person and LARP. Only its fingerprint is kept. Raises `UnknownLarpError`."""
    if session.get(Larp, larp_id) is None:
        raise UnknownLarpError(f"No LARP has the id {larp_id}.", next_step="copy it from the backoffice.")
    forget_abandoned_requests(session)
    state = sealer.seal({"larp": str(larp_id), "user": user})
    session.add(
        LoginRequest(
            state_hash=_fingerprint(state.reveal()),
            larp_id=larp_id,
            requested_by=user,
            redirect_uri=redirect_uri,
            expires_at=_now(session) + LIFETIME,
        )
    )
    return state


def take_request(session: Session, sealer: Sealer, state: str, *, user: str, larp_id: UUID | None) -> LoginRequest:
    """Use the state up. Raises `PageRefusedError` when it is not ours, too old, used before, or somebody else's."""
    note = sealer.open(state, within=LIFETIME)
    if note is None:
        raise PageRefusedError("This login took too long, or did not start here.", next_step=_START_AGAIN)
    if note.get("user") != user:
        raise PageRefusedError("Somebody else started this login.", next_step=_START_AGAIN)
    if larp_id is not None and note["larp"] != str(larp_id):
        raise PageRefusedError("This login was started for another LARP.", next_step=_START_AGAIN)
    taken = session.scalars(
        update(LoginRequest)
        .where(
            LoginRequest.state_hash == _fingerprint(state),
            LoginRequest.requested_by == user,
            LoginRequest.larp_id == UUID(note["larp"]),
            LoginRequest.answered_at.is_(None),
            LoginRequest.expires_at > func.now(),
        )
        .values(answered_at=func.now())
        .returning(LoginRequest)
    ).one_or_none()
    if taken is None:
        raise PageRefusedError("This login was used already.", next_step=_START_AGAIN)
    return taken


def find_answered_request(session: Session, request_id: UUID, *, user: str) -> LoginRequest:
    """The request that waits for its choice of a Page, locked. Raises `PageRefusedError`."""
    request = session.scalars(
        select(LoginRequest)
        .where(
            LoginRequest.id == request_id,
            LoginRequest.requested_by == user,
            LoginRequest.user_access_token.is_not(None),
            LoginRequest.closed_at.is_(None),
            LoginRequest.expires_at > func.now(),
        )
        .with_for_update()
    ).one_or_none()
    if request is None:
        raise PageRefusedError("This choice is over: a Page was chosen, or it took too long.", next_step=_START_AGAIN)
    return request


def close_request(session: Session, request_id: UUID) -> None:
    """Forget the token that waited for the choice."""
    session.execute(
        update(LoginRequest).where(LoginRequest.id == request_id).values(closed_at=func.now(), user_access_token=None)
    )


def forget_abandoned_requests(session: Session) -> None:
    """A day after a login everything about it is gone."""
    session.execute(delete(LoginRequest).where(LoginRequest.expires_at < func.now() - _ABANDONED_AFTER))
    session.execute(
        update(LoginRequest)
        .where(LoginRequest.expires_at < func.now(), LoginRequest.closed_at.is_(None))
        .values(closed_at=func.now(), user_access_token=None)
    )


def _fingerprint(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _now(session: Session) -> datetime:
    return session.scalars(select(func.now())).one()
