"""Opens the links of messages: a sealed one names a draft, a live post or an Airflow run, never an address.

The seal is the right to see what it names, so nobody has to log in here. It is an app of its own, because each route of
the other one asks for a permission.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session, joinedload

from socialpub.api.html import render
from socialpub.api.middleware import SafeAnswers
from socialpub.api.threads import in_thread
from socialpub.db.engine import transaction
from socialpub.errors import SocialpubError
from socialpub.hooks.connections import read_airflow_url
from socialpub.hooks.database import open_database
from socialpub.hooks.notices import open_link_maker
from socialpub.models import EventPostDraft, ScheduledPublish
from socialpub.services.drafts.pictures import find_asset_picture
from socialpub.services.notices.links import LinkMaker, Target
from socialpub.settings import load_settings

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Engine


@dataclass
class LinkResources:
    """What links are read with and lead to, opened with the first one."""

    open_engine: Callable[[], Engine] = lambda: open_database(pool_size=2)
    open_links: Callable[[], LinkMaker] = open_link_maker
    airflow_url: Callable[[], str] = read_airflow_url
    draft_url: Callable[[], str] = lambda: load_settings().draft_url
    """Where the backoffice shows a draft, with {larp_id} and {draft_id}; "" shows a page of our own."""
    draw: Callable[[str], bytes] = lambda path: draw_stored(path)
    """A small JPEG of the photo at a storage path."""

    @cached_property
    def engine(self) -> Engine:
        return self.open_engine()

    def close(self) -> None:
        if "engine" in self.__dict__:
            self.engine.dispose()


def create_links_app(resources: LinkResources | None = None) -> FastAPI:
    """The app, with what it works on; by default that of Airflow's connections."""
    app = FastAPI(
        title="Social publisher: links", lifespan=_close_at_the_end, openapi_url=None, docs_url=None, redoc_url=None
    )
    app.state.resources = resources or LinkResources()
    app.add_api_route("/{sealed}", open_link)
    # The link is a right, so nobody else may learn it: not a cache, not the page it leads to.
    app.add_middleware(SafeAnswers)
    return app


@asynccontextmanager
async def _close_at_the_end(app: FastAPI) -> AsyncIterator[None]:
    yield
    app.state.resources.close()


async def open_link(request: Request, sealed: str) -> Response:
    """Lead to what the link names, or show it."""
    return await in_thread(request, _open, request.app.state.resources, sealed)


def _open(resources: LinkResources, sealed: str) -> Response:
    try:
        found = resources.open_links().read(sealed)
        if found is None:
            return _page("This link no longer works", 410, "Links end after some days. Look in the backoffice.")
        if found[0] == Target.PICTURE:
            return _show_picture(resources, found[1])
        with transaction(resources.engine, actor="link") as session:
            return _follow(session, resources, *found)
    except SocialpubError:
        return _page("Not now", 503, "The post can't be looked up at this moment. Try again in a minute.")


def _follow(session: Session, resources: LinkResources, target: Target, entity_id: UUID) -> Response:
    if target == Target.DRAFT:
        draft = session.get(EventPostDraft, entity_id, options=[joinedload(EventPostDraft.larp)])
        return _show_draft(draft, resources.draft_url())
    post = session.get(ScheduledPublish, entity_id)
    if target == Target.LIVE_POST and post and post.permalink_url:
        return RedirectResponse(post.permalink_url)
    if target == Target.AIRFLOW_RUN and post and post.attempts:
        attempt = post.attempts[-1]
        return RedirectResponse(f"{resources.airflow_url()}/dags/{attempt.dag_id}/runs/{attempt.run_id}")
    return _page("Not there any more", 404, "What the link led to is gone, or has moved on.")


def _show_picture(resources: LinkResources, asset_id: UUID) -> Response:
    path = find_asset_picture(resources.engine, asset_id, actor="link")
    if path is None:
        return _page("Not there any more", 404, "The picture is gone.")
    # The reader's own program may keep it: a mail is opened more than once, and an asset's file does not change.
    kept = {"cache-control": "private, max-age=86400"}
    return Response(resources.draw(path), media_type="image/jpeg", headers=kept)


def draw_stored(path: str) -> bytes:
    """From the media of the settings. Raises a `MediaError`."""
    from socialpub.hooks.storage import AirflowMediaStore
    from socialpub.media.picture import draw_picture

    settings = load_settings()
    return draw_picture(AirflowMediaStore(settings.media).open(path), settings.media_limits.photo)


def _show_draft(draft: EventPostDraft | None, draft_url: str) -> Response:
    if draft is None:
        return _page("Not there any more", 404, "The draft is gone.")
    if draft_url:
        return RedirectResponse(draft_url.format(larp_id=draft.larp_id, draft_id=draft.id))
    return _page(draft.title, 200, f"{draft.larp.title} · {draft.status}", *draft.body.splitlines(), draft.link or "")


def _page(title: str, status: int, *lines: str) -> Response:
    told = [line for line in lines if line.strip()]
    return render("message.html", status=status, title=title, lines=told, links=())
