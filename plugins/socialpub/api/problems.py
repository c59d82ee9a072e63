"""Trouble in words: a page for people, problem+json for programs. What was sent to us is never repeated."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from airflow.api_fastapi.app import get_auth_manager
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from socialpub.api.html import render
from socialpub.api.middleware import CALLBACK
from socialpub.api.paths import larp_root
from socialpub.api.problem import FieldError, Problem, ProblemAnswer
from socialpub.errors import (
    ApprovalRefusedError,
    ConfigurationError,
    DatabaseUnavailableError,
    IllegalMoveError,
    LocalTimeError,
    MediaError,
    MediaUnavailableError,
    PageRefusedError,
    PostNotReadyError,
    RuleRefusedError,
    SocialpubError,
    StaleDraftError,
    UnknownDraftError,
    UnknownLarpError,
    UnknownPageError,
    UnknownPostError,
    UnknownUploadError,
    UploadConflictError,
)

log = logging.getLogger(__name__)

# Of refusals that are FastAPI's own or Airflow's.
_NEXT_STEPS = {
    400: "send valid JSON in UTF-8.",
    401: "log in, or send a token that is valid now.",
    404: "compare the address with the description of the API.",
    405: "use a method that the description of the API has for this address.",
}
# Checks, uniqueness, foreign keys, and what a role may not do.
_RULES = ("23514", "23505", "23503", "23502", "42501")

_STATUSES: tuple[tuple[type[SocialpubError], int], ...] = (
    (UnknownLarpError, 404),
    (UnknownPageError, 404),
    (UnknownPostError, 404),
    (PageRefusedError, 409),
    (IllegalMoveError, 409),
    (PostNotReadyError, 409),
    (UnknownDraftError, 404),
    (UnknownUploadError, 404),
    (StaleDraftError, 412),
    (RuleRefusedError, 409),
    (ApprovalRefusedError, 409),
    (LocalTimeError, 422),
    (UploadConflictError, 409),
    (MediaUnavailableError, 503),
    (MediaError, 409),
    (DatabaseUnavailableError, 503),
    (ConfigurationError, 503),
)


ProblemPage = Callable[[Request, ProblemAnswer, Sequence[dict[str, str]]], Response]
"""Draws a refusal for people, with links to where they may go on."""


def add_handlers(app: FastAPI, page: ProblemPage | None = None) -> None:
    """Answer every kind of trouble; `page` None is the plain one."""
    app.state.problem_page = page or _draw_message
    app.add_exception_handler(SocialpubError, _answer_error)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(DBAPIError, _answer_refusal)
    app.add_exception_handler(Exception, _answer_defect)


async def _answer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SocialpubError), "registered for these only"
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    is_refusal = isinstance(error, PageRefusedError)
    title = "The Page is not connected" if is_refusal else HTTPStatus(status).phrase
    links = _links(request, error) if isinstance(error, PageRefusedError) else ()
    said = ProblemAnswer(
        title=title,
        status=status,
        code=_code_of(error),
        detail=error.message,
        next_step=error.next_step,
        choices=list(error.choices) if isinstance(error, LocalTimeError) else [],
    )
    return _answer(request, said, links=links)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for these only"
    wants_page = request.method == "GET" and _wants_page(request)
    if error.status_code == 401 and wants_page and not request.url.path.endswith(CALLBACK):
        return RedirectResponse(get_auth_manager().get_url_login(next_url=request.url.path), 303)
    phrase = HTTPStatus(error.status_code).phrase
    code, next_step, more = phrase.lower().replace(" ", "_"), _NEXT_STEPS.get(error.status_code, ""), {}
    if isinstance(error, Problem):
        code, next_step, more = error.code, error.next_step, dict(error.more)
    said = ProblemAnswer(
        title=phrase, status=error.status_code, code=code, detail=str(error.detail), next_step=next_step, **more
    )
    return _answer(request, said, headers=error.headers)


async def answer_invalid(request: Request, error: Exception) -> Response:
    """By the parts of the request."""
    assert isinstance(error, RequestValidationError), "registered for these only"
    errors = [FieldError(place=".".join(map(str, one["loc"])), message=one["msg"]) for one in error.errors()]
    said = ProblemAnswer(
        title="Not understood",
        status=422,
        code="invalid_request",
        detail=" ".join(f"{one.place}: {one.message}." for one in errors),
        next_step="correct the parts that are named.",
        errors=errors,
    )
    return _answer(request, said)


async def _answer_refusal(request: Request, error: Exception) -> Response:
    """A rule of the schema said no; its message and hint are written for people."""
    assert isinstance(error, DBAPIError), "registered for these only"
    told = getattr(error.orig, "diag", None)
    if told is None or told.sqlstate not in _RULES:
        return await _answer_defect(request, error)
    said = ProblemAnswer(
        title=HTTPStatus.CONFLICT.phrase,
        status=409,
        code="refused_by_rule",
        detail=told.message_primary or "A rule of the database refuses it.",
        next_step=told.message_hint or "correct what the message names.",
    )
    return _answer(request, said)


async def _answer_defect(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    said = ProblemAnswer(
        title="Something broke",
        status=500,
        code="defect",
        detail="It is in the log of the API server. Nothing was stored.",
        next_step="tell an operator when it was.",
    )
    return _answer(request, said)


def _code_of(error: SocialpubError) -> str:
    """`UnknownLarpError` → `unknown_larp`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__.removesuffix("Error")).lower()


def _answer(
    request: Request,
    said: ProblemAnswer,
    *,
    links: Sequence[dict[str, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    if not _wants_page(request):
        problem = said.model_dump(exclude_defaults=True)
        return JSONResponse(problem, said.status, headers=headers, media_type="application/problem+json")
    drawn: Response = request.app.state.problem_page(request, said, links)
    return drawn


def _draw_message(_request: Request, said: ProblemAnswer, links: Sequence[dict[str, str]]) -> Response:
    next_step = f"Next: {said.next_step}" if said.next_step else ""
    lines = [line for line in (said.detail, next_step) if line]
    return render("message.html", status=said.status, title=said.title, lines=lines, links=links)


def _links(request: Request, refusal: PageRefusedError) -> list[dict[str, str]]:
    """Where the person may start again."""
    larp_id = refusal.larp_id or request.path_params.get("larp_id")
    if larp_id is None:
        return []
    again = f"{larp_root(request, larp_id)}/connect"
    if refusal.is_rerequest:
        return [{"href": f"{again}?rerequest=true", "words": "Ask Facebook again"}]
    return [{"href": again, "words": "Start again"}]


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
