"""What the publisher writes about assets, guarded by what it saw: nothing of yesterday's is taken for today's."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import CursorResult, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from socialpub.models import CleanupKind, DraftAsset, MediaCleanup, UploadState


@dataclass(frozen=True, slots=True)
class Upload:
    """How far an asset's upload has come: all of it, so that nothing of an earlier one stays. `DraftAsset` explains."""

    state: UploadState
    media_id: str | None = None
    session_id: str | None = None
    start_offset: int | None = None
    end_offset: int | None = None
    handle: str | None = None
    is_temporary: bool = False
    error: str | None = None


def save_upload(session: Session, asset_id: UUID, ticket: UUID, upload: Upload) -> bool:
    """Write down an upload that began under `ticket` (the asset's `upload_ticket` when it was loaded).

    False when its draft was edited, canceled or unscheduled meanwhile, or the asset is gone: then nothing was written,
    and what was uploaded is nobody's (`add_cleanup`).
    """
    statement = (
        update(DraftAsset)
        .where(DraftAsset.id == asset_id, DraftAsset.upload_ticket == ticket)
        .values(
            upload_state=upload.state,
            facebook_media_id=upload.media_id,
            upload_session_id=upload.session_id,
            upload_start_offset=upload.start_offset,
            upload_end_offset=upload.end_offset,
            upload_handle=upload.handle,
            is_temporary=upload.is_temporary,
            upload_error=upload.error,
            uploaded_at=func.now() if upload.state == UploadState.UPLOADED else None,
        )
    )
    return _changed_a_row(session, statement)


def record_figures(
    session: Session, asset_id: UUID, file_version: UUID, *, size_bytes: int, checksum_sha256: str, mime_type: str
) -> bool:
    """Fill in what nobody declared about the file; what was declared stays. It voids no approval.

    False when the asset was edited meanwhile (it has another `file_version`) or is gone: then nothing was written.
    """
    statement = (
        update(DraftAsset)
        .where(DraftAsset.id == asset_id, DraftAsset.file_version == file_version)
        .values(
            size_bytes=func.coalesce(DraftAsset.size_bytes, size_bytes),
            checksum_sha256=func.coalesce(DraftAsset.checksum_sha256, checksum_sha256),
            mime_type=func.coalesce(DraftAsset.mime_type, mime_type),
        )
    )
    return _changed_a_row(session, statement)


def add_cleanup(
    session: Session,
    *,
    connection_id: UUID,
    media_id: str,
    kind: CleanupKind,
    reason: str,
    upload_session_id: str | None = None,
) -> None:
    """Have something deleted at Facebook that nobody needs; once, however often it is asked for while it waits."""
    values = {"connection_id": connection_id, "media_id": media_id, "kind": kind, "reason": reason}
    statement = insert(MediaCleanup).values(**values, upload_session_id=upload_session_id)
    is_open = text("done_at is null")
    session.execute(statement.on_conflict_do_nothing(index_elements=["connection_id", "media_id"], index_where=is_open))


def _changed_a_row(session: Session, statement: object) -> bool:
    result = session.execute(statement.execution_options(synchronize_session=False))  # type: ignore[attr-defined]
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
