"""Uploads as what drafts take up."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Engine, func, update

from socialpub.db.engine import transaction
from socialpub.errors import UnknownUploadError
from socialpub.models import Upload


def find_uploads(engine: Engine, larp_id: UUID, upload_ids: Collection[UUID], *, actor: str) -> dict[UUID, Upload]:
    """Finished uploads of the LARP. Raises `UnknownUploadError` for any other one.

    They count as new from now on, so that none is cleared away while a draft takes it up.
    """
    wanted = (Upload.id.in_(upload_ids), Upload.larp_id == larp_id, Upload.checksum_sha256.is_not(None))
    with transaction(engine, actor=actor) as session:
        uploads = session.scalars(update(Upload).where(*wanted).values(updated_at=func.now()).returning(Upload)).all()
    found = {upload.id: upload for upload in uploads}
    for upload_id in upload_ids:
        if upload_id not in found:
            raise UnknownUploadError(
                f"The LARP has no finished upload {upload_id}.", next_step="send all of the file, then use its id."
            )
    return found
