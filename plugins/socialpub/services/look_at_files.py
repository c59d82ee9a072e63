"""A quick look at a draft's files: photos as a whole, videos only whether they are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy import Engine, select

from socialpub.db.engine import transaction
from socialpub.errors import MediaError
from socialpub.media.findings import Finding
from socialpub.media.limits import MediaLimits
from socialpub.media.source import MediaStore
from socialpub.models import AssetType, DraftAsset
from socialpub.services.check_assets import check_assets


def look_at_files(
    engine: Engine, store: MediaStore, draft_id: UUID, limits: MediaLimits, *, actor: str
) -> list[Finding]:
    """Raises what `check_assets` raises."""
    if videos := _list_video_paths(engine, draft_id, actor):
        return list(_find_missing(store, videos))
    return check_assets(engine, store, draft_id, limits, actor=actor)


def _list_video_paths(engine: Engine, draft_id: UUID, actor: str) -> list[str]:
    """Read as a whole, a video would take minutes; the upload that comes before its second does that."""
    videos = select(DraftAsset.storage_path, DraftAsset.thumbnail_path).where(
        DraftAsset.draft_id == draft_id, DraftAsset.type == AssetType.VIDEO
    )
    with transaction(engine, actor=actor) as session:
        return [path for row in session.execute(videos) for path in row if path]


def _find_missing(store: MediaStore, paths: Sequence[str]) -> Iterator[Finding]:
    for path in paths:
        try:
            store.open(path)
        except MediaError as error:
            yield Finding.of_error(path, error)
