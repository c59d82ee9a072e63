"""Pages as people see them: plain HTML, newest post first."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from graph_sandbox import media_html
from graph_sandbox.entities import Page, Post
from graph_sandbox.state import World

SHOWN_POSTS = 200
STYLE = """
body{margin:0;background:#f0f2f5;color:#1c1e21;font:16px/1.45 system-ui,sans-serif}
main{max-width:680px;margin:0 auto;padding:0 16px 48px}
header{background:#fff;border-bottom:1px solid #d8dade;padding:24px 16px;margin-bottom:16px}
header div{max-width:680px;margin:0 auto}h1{margin:0;font-size:1.6rem}
header p,time,.note{color:#65676b;font-size:.85rem;margin:0}
article{background:#fff;border-radius:8px;box-shadow:0 1px 2px #0003;padding:16px;margin-bottom:16px}
article p{white-space:pre-wrap;overflow-wrap:anywhere;margin:.6em 0}a{color:#0a66c2}
.link{display:block;background:#f0f2f5;border:1px solid #d8dade;border-radius:6px;padding:10px;overflow-wrap:anywhere}
"""


async def show_index(request: Request) -> HTMLResponse:
    """List the Pages."""
    world = _world(request)
    rows = [f'<article><a href="/pages/{page.id}">{escape(page.name)}</a></article>' for page in world.pages.values()]
    return _document("Pages", "", "".join(rows))


async def show_page(request: Request) -> HTMLResponse:
    """Show a Page with its published posts; the list does not lag, for people look at a Page, not at a list."""
    world = _world(request)
    page = world.pages.get(request.path_params["page_id"])
    if page is None:
        return _not_found()
    world.fire_due_posts(page)
    posts = sorted(
        (post for post in page.posts.values() if post.is_published),
        key=lambda post: (post.created_at, post.sequence),
        reverse=True,
    )
    articles = "".join(_article(world, page, post) for post in posts[:SHOWN_POSTS])
    count = f"{len(posts)} published post{'' if len(posts) == 1 else 's'}"
    shown = articles or '<p class="note">Nothing published yet.</p>'
    return _document(page.name, count, media_html.render_unready(world, page) + shown, refresh=True)


async def show_post(request: Request) -> HTMLResponse:
    """Show one published post, where its permalink leads."""
    world, page_id = _world(request), request.path_params["page_id"]
    post = world.find_post(f"{page_id}_{request.path_params['suffix']}")
    if post is None or not post.is_published:
        return _not_found()
    page = world.pages[page_id]
    return _document(page.name, "", f'{_article(world, page, post)}<a href="/pages/{page.id}">All posts</a>')


def _world(request: Request) -> World:
    world: World = request.app.state.world
    return world


def _article(world: World, page: Page, post: Post) -> str:
    moment = datetime.fromtimestamp(post.created_at, UTC)
    link = f'<a class="link" href="{escape(post.link)}" rel="nofollow">{escape(post.link)}</a>' if post.link else ""
    text = f"<p>{escape(post.message)}</p>" if post.message else ""
    return (
        f'<article id="{post.id}"><strong>{escape(page.name)}</strong><br>'
        f'<a href="/{page.id}/posts/{post.suffix}"><time datetime="{moment.isoformat()}">'
        f"{moment:%Y-%m-%d %H:%M:%S} UTC</time></a>{text}{link}{media_html.render_media(world, post)}"
        f"{media_html.render_comments(page, post)}</article>"
    )


def _document(title: str, subtitle: str, content: str, *, refresh: bool = False, status: int = 200) -> HTMLResponse:
    reload = '<meta http-equiv="refresh" content="5">' if refresh else ""
    return HTMLResponse(
        f'<!doctype html><html lang="pl"><head><meta charset="utf-8">{reload}'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{STYLE}{media_html.STYLE}</style></head>"
        f"<body><header><div><h1>{escape(title)}</h1><p>{escape(subtitle)}</p></div></header>"
        f"<main>{content}</main></body></html>",
        status,
    )


def _not_found() -> HTMLResponse:
    return _document("This content isn't available", "", "<p>It may have been deleted.</p>", status=404)


PAGE_ROUTES = [
    Route("/pages", show_index),
    Route("/pages/{page_id}", show_page),
    *media_html.MEDIA_ROUTES,
    Route(r"/{page_id}/posts/{suffix}", show_post),
]
