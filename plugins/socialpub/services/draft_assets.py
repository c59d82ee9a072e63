"""Uploads as what drafts take up."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Engine, select

from socialpub.db.engine import transaction
from socialpub.errors import UnknownUploadError
from socialpub.models import Upload


def find_uploads(engine: Engine, larp_id: UUID, upload_ids: Collection[UUID], *, actor: str) -> dict[UUID, Upload]:
    """Finished uploads of the LARP. Raises `UnknownUploadError` for any other one."""
    with transaction(engine, actor=actor) as session:
        uploads = session.scalars(select(Upload).where(Upload.id.in_(upload_ids), Upload.larp_id == larp_id)).all()
    found = {upload.id: upload for upload in uploads if upload.checksum_sha256}
    for upload_id in upload_ids:
        if upload_id not in found:
            raise UnknownUploadError(
                f"The LARP has no finished upload {upload_id}.", next_step="send all of the file, then use its id."
            )
    return found
