"""The bytes of a video on their way: chunk by chunk as Facebook asks, from where an earlier try came to."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable

from socialpub.errors import GraphFailure, TryAgainError, UploadSessionOverError
from socialpub.graph import video_upload
from socialpub.graph.client import GraphClient
from socialpub.graph.video_upload import VideoUpload
from socialpub.media.source import PIECE, MediaStream, StoredFile
from socialpub.models.secret import Secret

log = logging.getLogger(__name__)

_PAUSES = (1.0, 2.0, 4.0, 8.0)
"""Seconds before the same chunk is sent again; after the last one the try is over, and what arrived stays."""


def send_video_bytes(
    client: GraphClient,
    page_id: str,
    token: Secret,
    file: StoredFile,
    begun: VideoUpload | None,
    save: Callable[[VideoUpload], None],
) -> tuple[VideoUpload, str]:
    """Send what Facebook misses of the file; returns the complete upload and the SHA-256 of all of the file's bytes.

    `save` is called with each step before the next; given to a later call as `begun`, the last one saves sending twice
    what has arrived. Raises a `GraphError` or `MediaError`.
    """
    with HashedFile(file) as content:
        try:
            upload = _send_all(client, token, content, begun or _start(client, page_id, token, file, save), save)
        except UploadSessionOverError as error:
            if begun is None:
                raise
            log.warning("The upload of %s starts anew: %s", file.name, error)
            upload = _send_all(client, token, content, _start(client, page_id, token, file, save), save)
        return upload, content.hexdigest()


def _start(
    client: GraphClient, page_id: str, token: Secret, file: StoredFile, save: Callable[[VideoUpload], None]
) -> VideoUpload:
    upload = video_upload.start(client, page_id, token, file.size)
    save(upload)
    return upload


def _send_all(
    client: GraphClient, token: Secret, content: HashedFile, upload: VideoUpload, save: Callable[[VideoUpload], None]
) -> VideoUpload:
    failures = 0
    while not upload.is_complete:
        try:
            content.seek(upload.start_offset)
            moved = video_upload.transfer(client, token, upload, content)
        except UploadSessionOverError:
            raise
        except TryAgainError as error:
            failures = _pause(failures, error)
            continue
        if moved == upload:
            failures = _pause(failures, _no_progress(upload))
            continue
        failures, upload = 0, moved
        save(upload)
    return upload


def _pause(failures: int, error: Exception) -> int:
    if failures == len(_PAUSES):
        raise error
    log.warning("A chunk is sent again in %d s: %s", _PAUSES[failures], error)
    time.sleep(_PAUSES[failures])
    return failures + 1


def _no_progress(upload: VideoUpload) -> TryAgainError:
    words = f"Facebook keeps asking for the same bytes of the video, from {upload.start_offset}."
    return TryAgainError(GraphFailure(f"{upload.page_id}/videos", words), next_step="it is tried again later.")


class HashedFile:
    """A file read from any byte on, which knows the SHA-256 of all its bytes although they are read in parts."""

    def __init__(self, file: StoredFile) -> None:
        self._file = file
        self._stream: MediaStream | None = None
        self._position = 0
        self._hash = hashlib.sha256()

    def seek(self, offset: int) -> None:
        """Going back means reading again from the first byte, so that each byte is hashed once, in its order."""
        if self._stream is None or offset < self._position:
            self._open()
        while self._position < offset:
            if not self.read(min(PIECE, offset - self._position)):
                return  # The file ends before it; the stream says so where it is known.

    def read(self, size: int, /) -> bytes:
        assert self._stream is not None, "seek first"
        piece = self._stream.read(size)
        self._hash.update(piece)
        self._position += len(piece)
        return piece

    def hexdigest(self) -> str:
        self.seek(self._file.size)
        return self._hash.hexdigest()

    def _open(self) -> None:
        self._close()
        self._stream, self._position, self._hash = self._file.open_stream(), 0, hashlib.sha256()

    def _close(self) -> None:
        if self._stream is not None:
            self._stream.close()

    def __enter__(self) -> HashedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
