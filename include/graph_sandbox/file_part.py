"""A file in a request: counted and hashed while it comes in, never held whole in memory unless it is small."""

from __future__ import annotations

import hashlib
from typing import Any

HEAD_BYTES = 32


class UploadBroken(Exception):
    """A scripted fault ends the upload here."""


class FilePart:
    """A file in a request, fed piece by piece. Its content is there afterwards if it fits into `keep_bytes`.

    `record` is how the arrival shows it: field name, file name and the bytes that have come so far. A part of a growing
    file is hashed on from that file's `digest`; `start` says which file and where. `break_after` is set by a fault.
    """

    def __init__(
        self,
        name: str,
        filename: str | None,
        *,
        keep_bytes: int = 0,
        digest: hashlib._Hash | None = None,
        start: tuple[object, int] | None = None,
    ) -> None:
        self.name = name
        self.head = b""
        self.kept = bytearray()
        self.digest = digest or hashlib.sha256()
        self.start = start
        self.break_after: int | None = None
        self.record: dict[str, Any] = {"name": name, "filename": filename, "bytes": 0}
        self._keep_bytes = keep_bytes

    @property
    def size(self) -> int:
        """Bytes so far."""
        return int(self.record["bytes"])

    @property
    def sha256(self) -> str:
        """The checksum in hexadecimal."""
        return self.digest.hexdigest()

    @property
    def content(self) -> bytes | None:
        """The whole content, or None when it is larger than what is kept."""
        return bytes(self.kept) if self.size <= self._keep_bytes else None

    def write(self, piece: memoryview) -> None:
        """Take the next bytes.

        Raises:
            UploadBroken: as many bytes are there as the fault lets through.
        """
        if self.break_after is not None:
            piece = piece[: self.break_after - self.size]
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]
        self.record["bytes"] += len(piece)
        self.digest.update(piece)
        if self.size <= self._keep_bytes:
            self.kept += piece
        if self.size == self.break_after:
            raise UploadBroken
