"""Answers that were given to requests with an Idempotency-Key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from socialpub.models import ApiAnswer


@dataclass(frozen=True, slots=True)
class Question:
    """Who asked what: `request_hash` is over method, path and body."""

    principal: str
    idempotency_key: str
    request_hash: str


def begin_answer(session: Session, question: Question, *, patience: timedelta) -> bool:
    """Whether the work is this request's to do. One that has been without an answer for `patience` has died, and
    this one takes its place.
    """
    key = {"principal": question.principal, "idempotency_key": question.idempotency_key}
    taken = session.execute(
        insert(ApiAnswer)
        .values(**key, request_hash=question.request_hash)
        .on_conflict_do_update(
            index_elements=list(key),
            set_={"created_at": func.now()},
            where=(ApiAnswer.status.is_(None))
            & (ApiAnswer.created_at < func.now() - patience)
            & (ApiAnswer.request_hash == question.request_hash),
        )
        .returning(ApiAnswer.principal)
    )
    return taken.first() is not None


def find_answer(session: Session, question: Question) -> ApiAnswer | None:
    """What is known of the first request; None when it was refused in this very moment."""
    return session.get(ApiAnswer, (question.principal, question.idempotency_key))


def keep_answer(session: Session, question: Question, *, status: int, headers: dict[str, str], body: str) -> None:
    session.execute(
        update(ApiAnswer)
        .where(
            ApiAnswer.principal == question.principal,
            ApiAnswer.idempotency_key == question.idempotency_key,
            ApiAnswer.request_hash == question.request_hash,
        )
        .values(status=status, headers=headers, body=body)
    )


def forget_question(session: Session, question: Question) -> None:
    """The work was refused and nothing was done: the same key may try again."""
    session.execute(
        delete(ApiAnswer).where(
            ApiAnswer.principal == question.principal,
            ApiAnswer.idempotency_key == question.idempotency_key,
            ApiAnswer.status.is_(None),
        )
    )
