"""Files on their way into the media root, piece by piece: what arrived stays, so that a broken upload goes on.

How far a file is says the file itself, next to the media until it is whole; the row says what it will be.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from sqlalchemy import Engine

from socialpub.db.engine import transaction
from socialpub.errors import MediaRefusedError, UnknownUploadError, UploadConflictError
from socialpub.models import AssetType, Larp, Upload
from socialpub.services.drafts.desk import unknown_larp

_ENDINGS: Mapping[str, str] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tiff",
    "image/webp": "webp",
    "image/heic": "heic",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
}
MIME_TYPES = tuple(_ENDINGS)
_KEPT_SECONDS = 2 * 86_400


@dataclass(frozen=True, slots=True)
class ReceivedUpload:
    """An upload and how many of its bytes are here."""

    upload: Upload
    received_bytes: int

    @property
    def asset_type(self) -> AssetType:
        return asset_type_of(self.upload)


def asset_type_of(upload: Upload) -> AssetType:
    """What it can be in a draft."""
    return AssetType.VIDEO if upload.mime_type.startswith("video/") else AssetType.PHOTO


@dataclass(frozen=True, slots=True)
class UploadDesk:
    """Takes files in. `folder` is where they wait until they are whole; it is on the file system of the media root."""

    engine: Engine
    folder: Path
    put: Callable[[Path, str], None]
    """Moves a whole file to its storage path."""
    max_photo_bytes: int
    max_video_bytes: int

    def begin(self, larp_id: UUID, *, mime_type: str, size_bytes: int, actor: str) -> ReceivedUpload:
        """Raises `MediaRefusedError` for what can't become an asset, and `UnknownLarpError`."""
        limit = self.max_video_bytes if mime_type.startswith("video/") else self.max_photo_bytes
        if size_bytes > limit:
            raise MediaRefusedError(
                f"The file has {size_bytes} bytes, more than the {limit} that are taken.",
                next_step="make it smaller, or have SOCIALPUB_PHOTO_MAX_BYTES or SOCIALPUB_VIDEO_MAX_BYTES raised.",
            )
        self._sweep()
        upload_id = uuid4()
        with transaction(self.engine, actor=actor) as session:
            if session.get(Larp, larp_id) is None:
                raise unknown_larp(larp_id)
            upload = Upload(
                id=upload_id, larp_id=larp_id, created_by=actor, mime_type=mime_type, size_bytes=size_bytes,
                storage_path=f"uploads/{larp_id}/{upload_id}.{_ENDINGS[mime_type]}",
            )  # fmt: skip
            session.add(upload)
        return ReceivedUpload(upload, 0)

    def read(self, larp_id: UUID, upload_id: UUID) -> ReceivedUpload:
        """Raises `UnknownUploadError`."""
        with transaction(self.engine, actor="upload") as session:
            upload = session.get(Upload, upload_id)
        if upload is None or upload.larp_id != larp_id:
            raise UnknownUploadError("There is no such upload.", next_step="begin a new one.")
        return ReceivedUpload(upload, upload.size_bytes if upload.checksum_sha256 else self._size(upload_id))

    def open_piece(self, larp_id: UUID, upload_id: UUID, *, offset: int) -> Piece:
        """Raises `UploadConflictError` unless the piece goes on where the file ends, and nobody else writes it."""
        found = self.read(larp_id, upload_id)
        if found.upload.checksum_sha256:
            raise UploadConflictError("The upload is finished.", next_step="use it, or begin a new one.")
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self._path(upload_id).open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise UploadConflictError(
                "Another request writes it.", next_step="wait for its end, then go on."
            ) from error
        size = file.seek(0, os.SEEK_END)
        if size != offset:
            file.close()
            raise UploadConflictError(
                f"{size} bytes are here, and the piece begins at {offset}.", next_step=f"go on at Upload-Offset {size}."
            )
        return Piece(self, found.upload, file, size)

    def finish(self, upload: Upload) -> None:
        """Check and store the whole file."""
        path = self._path(upload.id)
        with path.open("rb") as file:
            checksum = hashlib.file_digest(file, "sha256").hexdigest()
        self.put(path, upload.storage_path)
        with transaction(self.engine, actor=upload.created_by) as session:
            session.get_one(Upload, upload.id).checksum_sha256 = checksum

    def _path(self, upload_id: UUID) -> Path:
        return self.folder / f"{upload_id}.part"

    def _size(self, upload_id: UUID) -> int:
        try:
            return self._path(upload_id).stat().st_size
        except FileNotFoundError:
            return 0

    def _sweep(self) -> None:
        """Forget what nobody went on with; a missing file begins again at 0."""
        if not self.folder.is_dir():
            return
        for path in self.folder.glob("*.part"):
            if time.time() - path.stat().st_mtime > _KEPT_SECONDS:
                path.unlink(missing_ok=True)


@dataclass(slots=True)
class Piece:
    """A part of a file while it comes in. Nobody else writes the file meanwhile."""

    desk: UploadDesk
    upload: Upload
    file: BinaryIO
    size: int

    def write(self, content: bytes) -> None:
        """Raises `UploadConflictError` for more bytes than were announced; those are not kept."""
        if self.size + len(content) > self.upload.size_bytes:
            raise UploadConflictError(
                f"The file was announced with {self.upload.size_bytes} bytes, and more came.",
                next_step="begin a new upload with the right size.",
            )
        self.file.write(content)
        self.size += len(content)

    def close(self) -> None:
        """Keep what came; the last piece makes the file whole."""
        with self.file:
            self.file.flush()
            if self.size == self.upload.size_bytes:
                os.fsync(self.file.fileno())
                self.desk.finish(self.upload)
