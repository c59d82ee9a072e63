"""`POST /{page}/videos`: a whole video in one request, or by phases; and the list of a Page's videos (D-VIDEOS)."""

from __future__ import annotations

from typing import Any

from graph_sandbox.entities import Page, Token
from graph_sandbox.errors import GraphFault, invalid_parameter
from graph_sandbox.fetching import fetch
from graph_sandbox.handlers import Routes
from graph_sandbox.media import StoredFile, Video
from graph_sandbox.paging import PAGING_PARAMS, Key, render_list
from graph_sandbox.params import read_text, refuse_unknown
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.tokens import authenticate, find_page, require_publisher, require_reader
from graph_sandbox.video_node import DEFAULT_FIELDS, read_video_fields, render_video
from graph_sandbox.video_order import (
    ORDER_PARAMS,
    UNSUPPORTED,
    bad_video,
    check_video,
    find_file,
    finish_video,
    read_order,
    refuse_other_files,
)
from graph_sandbox.video_phases import PHASES

HANDLE = "fbuploader_video_file_chunk"
WHOLE_PARAMS = ORDER_PARAMS | {"file_url", HANDLE}


async def create_video(world: World, request: GraphRequest) -> dict[str, Any]:
    """Take a video, or one phase of its upload."""
    token = authenticate(world, request)
    page = find_page(world, request)
    require_publisher(page, token)
    phase = read_text(request.params, "upload_phase")
    if phase is None:
        return await _create_whole(world, page, token, request)
    if phase not in PHASES:
        raise invalid_parameter(f"Param upload_phase must be one of {{{', '.join(PHASES)}}}")
    return PHASES[phase](world, page, token, request)


async def _create_whole(world: World, page: Page, token: Token, request: GraphRequest) -> dict[str, Any]:
    refuse_unknown(request.params, WHOLE_PARAMS)
    refuse_other_files(request, "source", "thumb")
    fields = read_video_fields(request)
    order = read_order(world, request)
    file = await _take_file(world, token, request)
    video = Video(world.library.new_id("video", page.id), page.id, token.app_id, world.now(), file=file)
    world.library.videos[video.id] = video
    finish_video(world, request, video, order)
    request.arrival.committed = video.id
    return render_video(world, video, fields or {"id": None}, base_url=request.base_url)


async def _take_file(world: World, token: Token, request: GraphRequest) -> StoredFile:
    """Return the file a request brings, names by its address, or by the handle of a resumable upload."""
    url, handle = read_text(request.params, "file_url"), read_text(request.params, HANDLE)
    source, settings = find_file(request, "source"), world.settings
    if [url, handle, source].count(None) != 2:
        raise invalid_parameter(f"Exactly one of source, file_url and {HANDLE} must be given", subcode=1363020)
    if handle is not None:
        return _find_uploaded(world, token, handle)
    most, kept = settings.single_video_max_bytes, settings.kept_video_bytes
    part = source or await fetch(world, url or "", keep_bytes=kept, max_bytes=most)
    if part is None:
        raise GraphFault(389, "(#389) Unable to fetch video file from URL.")
    media_type = check_video(part.size, part.head, least=settings.video_min_bytes, most=most)
    return StoredFile(media_type, part.size, part.sha256, world.library.keep(part.content))


def _find_uploaded(world: World, token: Token, handle: str) -> StoredFile:
    """Return the file behind a handle. Nobody says that it is good for one video only: sent twice, it makes two."""
    upload = world.library.handles.get(handle)
    if upload is None or upload.app_id != token.app_id or world.has_expired(upload.opened_at):
        raise invalid_parameter(f"Invalid parameter: {HANDLE} is no handle of a finished upload of this app")
    if upload.file_type != "video/mp4":
        raise bad_video(1363024, UNSUPPORTED)
    file, settings = upload.file, world.settings
    media_type = check_video(file.size, file.head, least=settings.video_min_bytes, most=settings.video_max_bytes)
    return StoredFile(media_type, file.size, file.sha256, world.library.keep(file.content))


def list_videos(world: World, request: GraphRequest) -> dict[str, Any]:
    """Return the videos of a Page whose upload is finished, public or not, newest first."""
    token = authenticate(world, request)
    page = find_page(world, request)
    require_reader(page, token)
    refuse_unknown(request.params, PAGING_PARAMS)
    fields = read_video_fields(request) or DEFAULT_FIELDS
    rows = [video for video in world.library.videos.values() if _is_listed(world, page, video)]
    rows.sort(key=_newest_first)
    return render_list(
        request,
        rows,
        key=_newest_first,
        render=lambda video: render_video(world, video, fields, base_url=request.base_url),
    )


def _is_listed(world: World, page: Page, video: Video) -> bool:
    listed_until = world.now() - page.list_lag_seconds
    return video.page_id == page.id and video.finished_at is not None and video.finished_at <= listed_until


def _newest_first(video: Video) -> Key:
    return (-video.created_at, -int(video.id))


ROUTES: Routes = {("POST", "videos"): create_video, ("GET", "videos"): list_videos}
