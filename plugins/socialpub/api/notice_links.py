"""Opens the links of messages: a sealed one names a draft, a live post or an Airflow run, never an address."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from sqlalchemy.orm import Session, joinedload

from socialpub.db.engine import transaction
from socialpub.errors import SocialpubError
from socialpub.models import EventPostDraft, ScheduledPublish
from socialpub.services.notices.links import LinkMaker, Target

if TYPE_CHECKING:
    from sqlalchemy import Engine

# The link is the right to see what it names, so nobody else may learn it: not a cache, not the page it leads to.
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}


def create_app(
    open_engine: Callable[[], Engine],
    open_links: Callable[[], LinkMaker],
    *,
    airflow_url: str,
    draft_url: str = "",
) -> FastAPI:
    """`draft_url` is where the backoffice shows a draft, with {larp_id} and {draft_id}; "" shows a page of our own."""
    app = FastAPI(title="Social publisher: links", openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/{sealed}")
    def follow(sealed: str) -> Response:
        try:
            found = open_links().read(sealed)
            if found is None:
                return _page("This link no longer works", "Links end after some days. Look in the backoffice.", 410)
            engine = open_engine()
            try:
                with transaction(engine, actor="link") as session:
                    return _follow(session, *found, airflow_url=airflow_url, draft_url=draft_url)
            finally:
                engine.dispose()
        except SocialpubError:
            return _page("Not now", "The post can't be looked up at this moment. Try again in a minute.", 503)

    return app


def _follow(session: Session, target: Target, entity_id: UUID, *, airflow_url: str, draft_url: str) -> Response:
    if target == Target.DRAFT:
        return _show_draft(session.get(EventPostDraft, entity_id, options=[joinedload(EventPostDraft.larp)]), draft_url)
    post = session.get(ScheduledPublish, entity_id)
    if target == Target.LIVE_POST and post and post.permalink_url:
        return RedirectResponse(post.permalink_url, headers=_HEADERS)
    if target == Target.AIRFLOW_RUN and post and post.attempts:
        attempt = post.attempts[-1]
        return RedirectResponse(f"{airflow_url}/dags/{attempt.dag_id}/runs/{attempt.run_id}", headers=_HEADERS)
    return _page("Not there any more", "What the link led to is gone, or has moved on.", 404)


def _show_draft(draft: EventPostDraft | None, draft_url: str) -> Response:
    if draft is None:
        return _page("Not there any more", "The draft is gone.", 404)
    if draft_url:
        return RedirectResponse(draft_url.format(larp_id=draft.larp_id, draft_id=draft.id), headers=_HEADERS)
    return _page(draft.title, f"{draft.larp.title} · {draft.status}\n\n{draft.body}\n\n{draft.link or ''}")


def _page(title: str, text: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>body{{max-width:640px;margin:32px auto;padding:0 16px;"
        "font:16px/1.45 system-ui,sans-serif}p{white-space:pre-wrap;overflow-wrap:anywhere}</style></head>"
        f"<body><h1>{escape(title)}</h1><p>{escape(text)}</p></body></html>",
        status,
        headers=_HEADERS,
    )
