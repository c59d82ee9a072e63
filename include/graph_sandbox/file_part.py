"""A file in a request: counted and hashed while it comes in, never held whole in memory unless it is small."""

from __future__ import annotations

import hashlib
from typing import Any

HEAD_BYTES = 32


class FilePart:
    """A file in a request, fed piece by piece. Its content is there afterwards if it fits into `keep_bytes`.

    `record` is how the arrival shows it: field name, file name and the bytes that have come so far.
    """

    def __init__(self, name: str, filename: str | None, *, keep_bytes: int = 0) -> None:
        self.name = name
        self.head = b""
        self.record: dict[str, Any] = {"name": name, "filename": filename, "bytes": 0}
        self._keep_bytes = keep_bytes
        self._kept = bytearray()
        self._digest = hashlib.sha256()

    @property
    def size(self) -> int:
        """Bytes so far."""
        return int(self.record["bytes"])

    @property
    def sha256(self) -> str:
        """The checksum in hexadecimal."""
        return self._digest.hexdigest()

    @property
    def content(self) -> bytes | None:
        """The whole content, or None when it is larger than what is kept."""
        return bytes(self._kept) if self.size <= self._keep_bytes else None

    def write(self, piece: memoryview) -> None:
        """Take the next bytes."""
        if len(self.head) < HEAD_BYTES:
            self.head += piece[: HEAD_BYTES - len(self.head)]
        self.record["bytes"] += len(piece)
        self._digest.update(piece)
        if self.size <= self._keep_bytes:
            self._kept += piece
