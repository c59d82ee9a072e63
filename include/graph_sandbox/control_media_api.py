"""The part of `/_control/…` that is about media."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from graph_sandbox.control_world import TheWorld, require
from graph_sandbox.media import Photo

router = APIRouter()


@router.get("/pages/{page_id}/photos")
async def list_photos(page_id: str, world: TheWorld) -> list[dict[str, Any]]:
    """Return the photos of a Page that are still there, oldest first."""
    require(page_id in world.pages, "page")
    world.collect_unused_photos()
    return [_describe(photo) for photo in world.library.photos.values() if photo.page_id == page_id]


def _describe(photo: Photo) -> dict[str, Any]:
    return {
        "id": photo.id,
        "post_id": photo.post_id,
        "is_temporary": photo.is_temporary,
        "caption": photo.caption,
        "alt_text": photo.alt_text,
        "media_type": photo.file.media_type,
        "size": photo.file.size,
        "sha256": photo.file.sha256,
    }
