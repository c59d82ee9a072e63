"""Trouble in words: a page for people, problem+json for programs. What was sent to us is never repeated."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from airflow.api_fastapi.app import get_auth_manager
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from socialpub.api.html import render
from socialpub.api.middleware import CALLBACK
from socialpub.api.paths import larp_root
from socialpub.errors import (
    ConfigurationError,
    DatabaseUnavailableError,
    PageRefusedError,
    SocialpubError,
    UnknownLarpError,
    UnknownPageError,
)

log = logging.getLogger(__name__)

_STATUSES: tuple[tuple[type[SocialpubError], int], ...] = (
    (UnknownLarpError, 404),
    (UnknownPageError, 404),
    (PageRefusedError, 409),
    (DatabaseUnavailableError, 503),
    (ConfigurationError, 503),
)


def add_handlers(app: FastAPI) -> None:
    """Answer every kind of trouble."""
    app.add_exception_handler(SocialpubError, _answer_error)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(Exception, _answer_defect)


async def _answer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, SocialpubError), "registered for these only"
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    is_refusal = isinstance(error, PageRefusedError)
    title = "The Page is not connected" if is_refusal else HTTPStatus(status).phrase
    next_step = f"Next: {error.next_step}" if error.next_step else ""
    links = _links(request, error) if isinstance(error, PageRefusedError) else ()
    return _answer(request, status, title, [error.message, next_step], links=links)


async def _answer_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException), "registered for these only"
    wants_page = request.method == "GET" and _wants_page(request)
    if error.status_code == 401 and wants_page and not request.url.path.endswith(CALLBACK):
        return RedirectResponse(get_auth_manager().get_url_login(next_url=request.url.path), 303)
    return _answer(request, error.status_code, HTTPStatus(error.status_code).phrase, [str(error.detail)])


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError), "registered for these only"
    places = {".".join(map(str, one["loc"])): one["msg"] for one in error.errors()}
    return _answer(request, 422, "Not understood", [f"{place}: {words}" for place, words in places.items()])


async def _answer_defect(request: Request, error: Exception) -> Response:
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return _answer(request, 500, "Something broke", ["It is in the log of the API server. Nothing was stored."])


def _answer(
    request: Request, status: int, title: str, lines: Sequence[str], *, links: Sequence[dict[str, str]] = ()
) -> Response:
    told = [line for line in lines if line]
    if not _wants_page(request):
        problem: dict[str, Any] = {"title": title, "status": status, "detail": " ".join(told)}
        return JSONResponse(problem, status, media_type="application/problem+json")
    return render("message.html", status=status, title=title, lines=told, links=links)


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
