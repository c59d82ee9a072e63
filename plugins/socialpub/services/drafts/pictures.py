"""Where the picture or the video of an asset lies."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Engine, select

from socialpub.db.engine import transaction
from socialpub.models import AssetType, DraftAsset, EventPostDraft, Upload
from socialpub.services.drafts.desk import Caller


def find_picture_path(engine: Engine, larp_id: UUID, asset_id: UUID, caller: Caller) -> str | None:
    """The storage path of a photo of the LARP's, by the id of its asset or upload; of a video that of its thumbnail.

    None: nothing of this LARP, not whole yet, or a video without one.
    """
    found = _find(engine, larp_id, asset_id, caller)
    if isinstance(found, DraftAsset):
        return _picture_of(found)
    return found.storage_path if found and found.mime_type.startswith("image/") else None


def find_video_path(engine: Engine, larp_id: UUID, asset_id: UUID, caller: Caller) -> str | None:
    """The same for a video itself. None: nothing of this LARP, not whole yet, or a photo."""
    found = _find(engine, larp_id, asset_id, caller)
    if isinstance(found, DraftAsset):
        return found.storage_path if found.type == AssetType.VIDEO else None
    return found.storage_path if found and found.mime_type.startswith("video/") else None


def _find(engine: Engine, larp_id: UUID, asset_id: UUID, caller: Caller) -> DraftAsset | Upload | None:
    """An asset of one of the LARP's drafts, or a whole upload of it."""
    with transaction(engine, actor=caller.actor) as session:
        asset = session.scalars(
            select(DraftAsset)
            .join(EventPostDraft, EventPostDraft.id == DraftAsset.draft_id)
            .where(DraftAsset.id == asset_id, EventPostDraft.larp_id == larp_id)
        ).one_or_none()
        upload = None if asset else session.get(Upload, asset_id)
    is_ours = upload is not None and upload.larp_id == larp_id and upload.checksum_sha256 is not None
    return asset or (upload if is_ours else None)


def find_asset_picture(engine: Engine, asset_id: UUID, *, actor: str) -> str | None:
    """The same of an asset of any LARP, for who has the right to see it by other means; None where there is none."""
    with transaction(engine, actor=actor) as session:
        asset = session.get(DraftAsset, asset_id)
    return _picture_of(asset) if asset else None


def _picture_of(asset: DraftAsset) -> str | None:
    return asset.storage_path if asset.type == AssetType.PHOTO else asset.thumbnail_path
