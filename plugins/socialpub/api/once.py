"""`Idempotency-Key`: a POST that is sent again, because its answer did not come, gets that answer and does nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated

from fastapi import Header, Request
from fastapi.responses import Response
from sqlalchemy import Engine

from socialpub.api.problem import Problem
from socialpub.api.resources import Resources
from socialpub.api.roles import Principal
from socialpub.api.threads import in_thread
from socialpub.db.answers import Question, begin_answer, find_answer, forget_question, keep_answer
from socialpub.db.engine import transaction
from socialpub.models import ApiAnswer

_PATIENCE = timedelta(seconds=60)  # longer than any request of ours takes

IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="A text that is new for each thing you want done. The same key gets the same answer for 24 hours.",
        examples=["b4f6c1d2-create-teaser"],
    ),
]
Work = Callable[[], Response]


async def answer_once(request: Request, user: Principal, resources: Resources, key: str | None, work: Work) -> Response:
    """What `work` answers; or what it answered before, with `Idempotency-Replayed: true`."""
    if key is None:
        return await in_thread(request, work)
    question = Question(user.name, key, _fingerprint(request, await request.body()))
    return await in_thread(request, _work_once, resources.engine, question, work)


def _fingerprint(request: Request, body: bytes) -> str:
    asked = f"{request.method} {request.url.path}\n".encode() + body
    return hashlib.sha256(asked).hexdigest()


def _work_once(engine: Engine, question: Question, work: Work) -> Response:
    with transaction(engine, actor=question.principal) as session:
        if not begin_answer(session, question, patience=_PATIENCE):
            return _repeat(question, find_answer(session, question))
    try:
        answer = work()
    except BaseException:
        with transaction(engine, actor=question.principal) as session:
            forget_question(session, question)
        raise
    headers = {name: value for name, value in answer.headers.items() if name in ("etag", "location", "content-type")}
    with transaction(engine, actor=question.principal) as session:
        keep_answer(session, question, status=answer.status_code, headers=headers, body=bytes(answer.body).decode())
    return answer


def _repeat(question: Question, first: ApiAnswer | None) -> Response:
    if first is not None and first.request_hash != question.request_hash:
        raise Problem(
            422, "idempotency_key_reused", "This Idempotency-Key was used for another request.",
            next_step="make a new key for each thing you want done.",
        )  # fmt: skip
    if first is None or first.status is None or first.headers is None:
        raise Problem(
            409, "still_at_work", "The first request with this Idempotency-Key has no answer yet.",
            next_step="send it again in a second.", headers={"Retry-After": "1"},
        )  # fmt: skip
    return Response(first.body, first.status, {**first.headers, "idempotency-replayed": "true"})
