"""Are a draft's photos and videos there, are they what was approved, and will Facebook take them?"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Engine, select

from socialpub.db.assets import record_figures
from socialpub.db.engine import transaction
from socialpub.errors import MediaError
from socialpub.media.findings import Finding, Inspection, MediaFacts, Severity
from socialpub.media.inspect import inspect_media
from socialpub.media.limits import MediaLimits
from socialpub.media.source import MediaStore
from socialpub.models import AssetType, DraftAsset

_APPROVE_ANEW = (
    "put the approved file back; or, for the new one, set the asset's checksum_sha256, size_bytes and mime_type to its"
    " own or to null, and have the draft approved again."
)


def check_assets(
    engine: Engine, store: MediaStore, draft_id: UUID, limits: MediaLimits, *, actor: str
) -> list[Finding]:
    """Read each file of the draft once, with no transaction open meanwhile, and say what is the matter.

    What nobody declared of a file (size, SHA-256, MIME type) is filled in when nothing is wrong with it; from then on
    another file under its path is an error. Raises what `transaction` raises, and `ConfigurationError` where a storage
    is not set up.
    """
    with transaction(engine, actor=actor) as session:
        assets = session.scalars(
            select(DraftAsset).where(DraftAsset.draft_id == draft_id).order_by(DraftAsset.position)
        ).all()
    return [finding for asset in assets for finding in _check(engine, store, asset, limits, actor)]


def _check(engine: Engine, store: MediaStore, asset: DraftAsset, limits: MediaLimits, actor: str) -> Iterator[Finding]:
    kind = AssetType(asset.type)
    found = _inspect(store, asset.storage_path, kind, limits, may_reencode=asset.may_reencode)
    yield from found.findings
    differences = compare_figures(asset, found.facts) if found.facts else []
    if differences:
        words = f"“{asset.storage_path}” is not the file that was approved: {'; '.join(differences)}."
        yield Finding(Severity.ERROR, asset.storage_path, words, _APPROVE_ANEW)
    elif found.facts and not found.errors and not _record(engine, asset, found.facts, actor):
        words = f"“{asset.storage_path}” was edited in its draft while it was looked at."
        yield Finding(Severity.ERROR, asset.storage_path, words, "look again.")
    if asset.thumbnail_path:
        yield from _inspect(store, asset.thumbnail_path, AssetType.PHOTO, limits).findings


def _inspect(
    store: MediaStore, path: str, kind: AssetType, limits: MediaLimits, *, may_reencode: bool = False
) -> Inspection:
    try:
        return inspect_media(store.open(path), kind, limits, may_reencode=may_reencode)
    except MediaError as error:
        return Inspection(None, (Finding.of_error(path, error),))


def compare_figures(asset: DraftAsset, facts: MediaFacts) -> list[str]:
    """How the file differs from what its row says; nothing where the row says nothing."""
    return [
        f"its {what} is {found}, not {declared}"
        for what, declared, found in (
            ("size in bytes", asset.size_bytes, facts.size_bytes),
            ("SHA-256", asset.checksum_sha256, facts.checksum_sha256),
            ("MIME type", asset.mime_type, facts.mime_type),
        )
        if declared is not None and declared != found
    ]


def _record(engine: Engine, asset: DraftAsset, facts: MediaFacts, actor: str) -> bool:
    if None not in (asset.size_bytes, asset.checksum_sha256, asset.mime_type):
        return True
    with transaction(engine, actor=actor) as session:
        return record_figures(
            session,
            asset.id,
            asset.file_version,
            size_bytes=facts.size_bytes,
            checksum_sha256=facts.checksum_sha256,
            mime_type=facts.mime_type,
        )
