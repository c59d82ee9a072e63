"""The media of a post as people see them, in plain HTML, and the files themselves."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from graph_sandbox.entities import Post
from graph_sandbox.media import Photo
from graph_sandbox.state import World

STYLE = """
.album{display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:6px}
figure{margin:0}figure img{width:100%;border-radius:6px}figcaption{color:#65676b;font-size:.85rem}
"""
_HARMLESS = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox"}


def render_media(world: World, post: Post) -> str:
    """Return the photos of a post in their order."""
    figures = "".join(_figure(photo) for photo in world.library.photos_of(post))
    return f'<div class="album">{figures}</div>' if figures else ""


def _figure(photo: Photo) -> str:
    caption = f"<figcaption>{escape(photo.caption)}</figcaption>" if photo.caption else ""
    address = f"/pages/{photo.page_id}/photos/{photo.id}"
    return f'<figure id="{photo.id}"><img src="{address}" alt="{escape(photo.alt_text or "")}">{caption}</figure>'


async def show_photo(request: Request) -> Response:
    """Send a photo that is public."""
    world: World = request.app.state.world
    photo = world.find_photo(request.path_params["photo_id"])
    post = world.find_post(photo.post_id) if photo and photo.post_id else None
    if photo is None or photo.file.path is None or post is None or not post.is_published:
        return PlainTextResponse("This content isn't available.", 404)
    return FileResponse(photo.file.path, media_type=photo.file.media_type, headers=_HARMLESS)


MEDIA_ROUTES = [Route("/pages/{page_id}/photos/{photo_id}", show_photo)]
