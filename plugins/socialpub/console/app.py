"""The console as a whole. Airflow gives a mounted app no login of its own: every route asks for a permission itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError

from socialpub.api.middleware import SafeAnswers
from socialpub.api.problems import add_handlers, answer_invalid
from socialpub.api.resources import Resources
from socialpub.console import home
from socialpub.console.drawing import draw_problem
from socialpub.console.screens import SCREENS
from socialpub.console.static import FOLDER, KeptFiles

_HEADERS = {
    # Airflow shows the console in a frame of its own pages, and so may nobody else.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
    ),
    # With "no-referrer" a browser would send our own forms with the origin "null".
    "referrer-policy": "same-origin",
}


def create_console(resources: Resources | None = None) -> FastAPI:
    """The app, with what it works on; by default that of Airflow's connections, opened with the first request."""
    app = FastAPI(
        title="Social publisher: console", lifespan=_close_at_the_end, openapi_url=None, docs_url=None, redoc_url=None
    )
    app.state.resources = resources or Resources()
    app.state.navigation = SCREENS
    app.include_router(home.router)
    for router in (router for screen in SCREENS for router in screen.routers):
        app.include_router(router)
    app.mount("/static", KeptFiles(directory=FOLDER))
    add_handlers(app, draw_problem)
    app.add_exception_handler(ValidationError, _answer_order)
    app.add_middleware(SafeAnswers, changed=_HEADERS)
    return app


async def _answer_order(request: Request, error: Exception) -> Response:
    """A form that an order of the API's would refuse."""
    assert isinstance(error, ValidationError), "registered for these only"
    return await answer_invalid(request, RequestValidationError(error.errors()))


@asynccontextmanager
async def _close_at_the_end(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.resources.close()
