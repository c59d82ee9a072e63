"""`POST /{page}/photos`: photos from a file or an address, published, scheduled or kept for a post (D-PHOTOS)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graph_sandbox.entities import Fate, Page
from graph_sandbox.errors import GraphFault, invalid_parameter
from graph_sandbox.fetching import fetch
from graph_sandbox.file_part import FilePart
from graph_sandbox.images import recognise_image
from graph_sandbox.media import Photo, StoredFile
from graph_sandbox.params import read_bool, read_text, refuse_unknown
from graph_sandbox.photo_node import read_photo_fields, render_photo
from graph_sandbox.request import GraphRequest
from graph_sandbox.schedules import read_content_type, read_schedule, scripted_fate
from graph_sandbox.state import World
from graph_sandbox.texts import read_message
from graph_sandbox.tokens import authenticate, find_page, require_publisher

PHOTO_PARAMS = frozenset(
    {
        "url",
        "caption",
        "alt_text_custom",
        "published",
        "temporary",
        "scheduled_publish_time",
        "unpublished_content_type",
    }
)


@dataclass(frozen=True, slots=True)
class _Order:
    """What a request says about its photo."""

    caption: str | None
    alt_text: str | None
    is_published: bool
    is_temporary: bool
    publish_at: int | None
    fate: Fate


async def create_photo(world: World, request: GraphRequest) -> dict[str, Any]:
    """Take a photo and return its id; of a published one also its post's, or the fields asked for."""
    token = authenticate(world, request)
    page = find_page(world, request)
    require_publisher(page, token)
    refuse_unknown(request.params, PHOTO_PARAMS)
    fields = read_photo_fields(request)
    order = _read_order(world, request)
    part = await _take_file(world, request)
    photo = _add_photo(world, page, order, store_image(world, part), app_id=token.app_id)
    request.arrival.committed = photo.post_id or photo.id
    if fields:
        return render_photo(world, photo, fields, base_url=request.base_url)
    return {"id": photo.id, "post_id": photo.post_id} if order.is_published else {"id": photo.id}


def _read_order(world: World, request: GraphRequest) -> _Order:
    is_published = read_bool(request.params, "published", default=True)
    is_temporary = read_bool(request.params, "temporary", default=False)
    publish_at = read_schedule(world, request, edge="photos", is_published=is_published)
    read_content_type(request, is_published=is_published, publish_at=publish_at)
    if is_temporary and is_published:
        raise invalid_parameter("A temporary photo must have published=false")
    if is_temporary and publish_at is not None:
        raise invalid_parameter("A temporary photo cannot have scheduled_publish_time")
    return _Order(
        caption=read_message(request, "caption"),
        alt_text=read_text(request.params, "alt_text_custom"),
        is_published=is_published,
        is_temporary=is_temporary,
        publish_at=publish_at,
        fate=scripted_fate(request),
    )


async def _take_file(world: World, request: GraphRequest) -> FilePart:
    url = read_text(request.params, "url")
    if (url is not None) + len(request.files) != 1:
        raise GraphFault(324, "(#324) Requires upload file: exactly one of url and a multipart file")
    if url is None:
        return request.files[0]
    part = await fetch(world, url, keep_bytes=world.settings.photo_max_bytes)
    if part is None:
        raise GraphFault(324, "(#324) Missing or invalid image file")
    return part


def store_image(world: World, part: FilePart) -> StoredFile:
    """Check an image by its content and keep it.

    Raises:
        GraphFault: code 100 subcode 1366046 for one that is too big, code 324 for what is no whole image.
    """
    if part.size > world.settings.photo_max_bytes:
        limit = f"{world.settings.photo_max_bytes / 1_000_000:g} MB"
        raise GraphFault(
            100,
            "Invalid parameter",
            subcode=1366046,
            is_transient=False,
            user_title="Can't Read Files",
            user_message=f"Your photos couldn't be uploaded. Photos should be less than {limit} and saved as JPG, PNG, "
            "GIF or TIFF files.",
        )
    media_type = recognise_image(part.content or b"")
    if media_type is None or part.content is None:
        raise GraphFault(324, "(#324) Missing or invalid image file")
    return StoredFile(media_type, part.size, part.sha256, world.library.store(part.content))


def _add_photo(world: World, page: Page, order: _Order, file: StoredFile, *, app_id: str) -> Photo:
    photo = Photo(
        id=world.library.new_id("photo", page.id),
        page_id=page.id,
        app_id=app_id,
        file=file,
        caption=order.caption,
        alt_text=order.alt_text,
        is_temporary=order.is_temporary,
        uploaded_at=world.now(),
    )
    world.library.add_photo(photo)
    if order.is_published or order.publish_at is not None:
        world.add_post(
            page,
            app_id=app_id,
            message=order.caption,
            link=None,
            is_published=order.is_published,
            publish_at=order.publish_at,
            photos=(photo,),
            fate=order.fate,
        )
    return photo


ROUTES = {("POST", "photos"): create_photo}
