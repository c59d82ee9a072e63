"""The app as a whole. Airflow gives a mounted app no login of its own: every route asks for a permission itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from socialpub.api import description, draft_moves, draft_views, drafts, facebook, metrics, session, uploads, webhook
from socialpub.api.middleware import BoundedBody, HiddenQuery, SafeAnswers
from socialpub.api.problems import add_handlers
from socialpub.api.resources import Resources
from socialpub.api.threads import take_short_turns

_ROUTERS = (
    *(drafts.router, draft_moves.router, draft_views.router, uploads.router, session.router, webhook.router),
    *(facebook.router, description.router, metrics.router),
)


def create_app(resources: Resources | None = None) -> FastAPI:
    """The app, with what it works on; by default that of Airflow's connections, opened with the first request."""
    take_short_turns()
    app = FastAPI(
        title="Social publisher",
        version=description.VERSION,
        description=description.WORDS,
        lifespan=_close_at_the_end,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    app.state.resources = resources or Resources()
    app.state.webhook_tasks = set()
    for router in _ROUTERS:
        app.include_router(router)
    add_handlers(app)
    app.add_middleware(BoundedBody)
    app.add_middleware(SafeAnswers)
    app.add_middleware(HiddenQuery)
    return app


@asynccontextmanager
async def _close_at_the_end(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.resources.close()
