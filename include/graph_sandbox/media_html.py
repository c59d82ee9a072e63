"""The media and comments of a post as people see them, in plain HTML, and the files themselves."""

from __future__ import annotations

from html import escape

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from graph_sandbox.entities import Page, Post
from graph_sandbox.media import Photo, StoredFile, Video
from graph_sandbox.state import World
from graph_sandbox.video_status import render_status, video_state

STYLE = """
.album{display:grid;grid-template-columns:repeat(auto-fill,minmax(180px,1fr));gap:6px}
figure{margin:0}figure img,figure video{width:100%;border-radius:6px}figcaption{color:#65676b;font-size:.85rem}
.comments{list-style:none;margin:12px 0 0;padding:0}.comments li{background:#f0f2f5;border-radius:12px;padding:8px 12px;
margin-top:6px;white-space:pre-wrap;overflow-wrap:anywhere}
"""
_HARMLESS = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox"}


def render_media(world: World, post: Post) -> str:
    """Return the photos of a post in their order, or its video."""
    if post.video_id is not None:
        return _player(world, world.library.videos[post.video_id])
    figures = "".join(_figure(photo) for photo in world.library.photos_of(post))
    return f'<div class="album">{figures}</div>' if figures else ""


def render_comments(page: Page, post: Post) -> str:
    """Return the comments of a post, oldest first."""
    rows = (f"<li><strong>{escape(page.name)}</strong> {escape(row.message)}</li>" for row in post.comments.values())
    shown = "".join(rows)
    return f'<ul class="comments">{shown}</ul>' if shown else ""


def render_unready(world: World, page: Page) -> str:
    """Return the videos of a Page that are not public, with how far they are."""
    videos = [video for video in world.library.videos.values() if video.page_id == page.id and video.post_id is None]
    return "".join(f'<p class="note">{_name(video)}: {_progress(world, video)}</p>' for video in videos)


def _progress(world: World, video: Video) -> str:
    status = render_status(world, video)
    if status["video_status"] == "error":
        return f"error: {escape(video.trouble.message)}" if video.trouble else "error"
    promise = status["publishing_phase"]["publish_status"]
    state = f"{status['video_status']}, {promise}" if promise else str(status["video_status"])
    return f"{state} {status['processing_progress']} %" if status["video_status"] == "processing" else state


def _player(world: World, video: Video) -> str:
    title = f"<figcaption>{_name(video)} · {video_state(world, video)}</figcaption>"
    address = f"/pages/{video.page_id}/videos/{video.id}"
    poster = f' poster="{address}/thumb"' if video.thumb else ""
    has_file = video.file is not None and video.file.path is not None
    player = f'<video controls preload="none" src="{address}"{poster}></video>' if has_file else ""
    return f'<figure id="{video.id}">{player}{title}</figure>'


def _name(video: Video) -> str:
    return f"Video {escape(video.title or video.id)}"


def _figure(photo: Photo) -> str:
    caption = f"<figcaption>{escape(photo.caption)}</figcaption>" if photo.caption else ""
    address = f"/pages/{photo.page_id}/photos/{photo.id}"
    return f'<figure id="{photo.id}"><img src="{address}" alt="{escape(photo.alt_text or "")}">{caption}</figure>'


async def show_photo(request: Request) -> Response:
    """Send a photo that is public."""
    world: World = request.app.state.world
    photo = world.find_photo(request.path_params["photo_id"])
    post = world.find_post(photo.post_id) if photo and photo.post_id else None
    return _send(photo.file if photo and post and post.is_published else None)


async def show_video(request: Request) -> Response:
    """Send a video that is public and small enough to have been kept, or its thumbnail."""
    world: World = request.app.state.world
    video = world.find_video(request.path_params["video_id"])
    if video is None or video.post_id is None:
        return _unavailable()
    return _send(video.thumb if request.path_params.get("part") == "thumb" else video.file)


async def show_video_post(request: Request) -> Response:
    """Lead from a video's permalink to its post."""
    world: World = request.app.state.world
    video = world.find_video(request.path_params["video_id"])
    if video is None or video.post_id is None:
        return _unavailable()
    return RedirectResponse(f"/{video.page_id}/posts/{video.post_id.partition('_')[2]}", 302)


def _send(file: StoredFile | None) -> Response:
    if file is None or file.path is None:
        return _unavailable()
    return FileResponse(file.path, media_type=file.media_type, headers=_HARMLESS)


def _unavailable() -> Response:
    return PlainTextResponse("This content isn't available.", 404)


MEDIA_ROUTES = [
    Route("/pages/{page_id}/photos/{photo_id}", show_photo),
    Route("/pages/{page_id}/videos/{video_id}", show_video),
    Route("/pages/{page_id}/videos/{video_id}/{part}", show_video),
    Route("/{page_id}/videos/{video_id}", show_video_post),
]
