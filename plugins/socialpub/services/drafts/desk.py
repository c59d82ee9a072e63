"""The desk at which a person works: one transaction, in that person's name, with the backoffice's rights.

Programs log in as the publisher, which may not write drafts; for what people do they take the backoffice's role on. So
the rules that a backoffice meets by SQL are those that its API meets.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from psycopg.errors import Error as PsycopgError
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from socialpub.db.drafts import list_connections_of_page
from socialpub.db.engine import transaction
from socialpub.errors import ConfigurationError, RuleRefusedError, StaleDraftError, UnknownDraftError, UnknownLarpError
from socialpub.models import EventPostDraft

_INTEGRITY = "23"
_MAY_NOT = "42501"
_BAD_VALUE = "22"
# One statement, because each costs a round trip. The publisher locks a post before its draft. Who comes from the draft
# gives way before the server finds a deadlock (after a second) and ends either of the two.
_SIT_DOWN = text(
    "select set_config('socialpub.actor', :actor, true), set_config('socialpub.request_id', :request_id, true),"
    " set_config('lock_timeout', '500ms', true), set_config('role', 'socialpub_backoffice', true)"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who acts, and in which request; the audit log names both."""

    actor: str
    request_id: str = ""


@contextmanager
def open_desk(engine: Engine, caller: Caller) -> Iterator[Session]:
    """Raises `RuleRefusedError` for what the database's rules refuse, and what `transaction` raises."""
    try:
        with transaction(engine, actor=caller.actor, opening=_SIT_DOWN, request_id=caller.request_id) as session:
            yield session
    except DBAPIError as error:
        raise _translate(error) or error from error


def _translate(error: DBAPIError) -> Exception | None:
    cause = error.orig
    if not isinstance(cause, PsycopgError) or cause.sqlstate is None:
        return None
    words = (cause.diag.message_primary or "The database refuses it.").rstrip(".") + "."
    if "permission denied to set role" in words:
        return ConfigurationError(
            "The login of Airflow connection socialpub_db may not act as the backoffice.",
            next_step="grant socialpub_backoffice to socialpub_worker, as the owner of the database.",
        )
    if cause.sqlstate[:2] not in (_INTEGRITY, _BAD_VALUE) and cause.sqlstate != _MAY_NOT:
        return None
    rule = cause.diag.constraint_name or ""
    if rule:
        words = f"The database refuses it: {rule.replace('_', ' ')}."
    return RuleRefusedError(words, next_step=cause.diag.message_hint or "correct the value, then try again.", rule=rule)


def unknown_larp(larp_id: UUID) -> UnknownLarpError:
    return UnknownLarpError(f"No LARP has the id {larp_id}.", next_step="take the id from larps.id.")


def connections_of_page(session: Session, larp_id: UUID, page_id: str | None) -> tuple[list[UUID], list[UUID]]:
    """All connections that the LARP has or had, and those of them to the Page. Raises `UnknownLarpError`."""
    found = list_connections_of_page(session, larp_id, page_id)
    if found is None:
        raise unknown_larp(larp_id)
    return found


def find_draft(session: Session, larp_id: UUID, draft_id: UUID, *, lock: bool = False) -> EventPostDraft:
    """Raises `UnknownDraftError`, for a draft of another LARP as well."""
    draft = session.get(EventPostDraft, draft_id, with_for_update={"of": EventPostDraft} if lock else None)
    if draft is None or draft.larp_id != larp_id:
        raise UnknownDraftError(
            f"LARP {larp_id} has no draft {draft_id}.", next_step="take the id from the list of the LARP's drafts."
        )
    return draft


def take_draft(session: Session, larp_id: UUID, draft_id: UUID, expected_version: int | None) -> EventPostDraft:
    """The draft, locked, if it is the version that the caller saw; None is any. Raises `StaleDraftError` too."""
    draft = find_draft(session, larp_id, draft_id, lock=True)
    if expected_version is not None and draft.version != expected_version:
        raise StaleDraftError(
            f"Draft {draft_id} is version {draft.version} by {draft.updated_by} meanwhile, not {expected_version}.",
            next_step="read the draft again, look at what has changed, and repeat your change on it.",
        )
    return draft
