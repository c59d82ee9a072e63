"""A file that comes in several requests."""

from __future__ import annotations

import hashlib

from graph_sandbox.file_part import HEAD_BYTES, FilePart


class GrowingFile:
    """The bytes so far: their number and checksum, how the file begins, and of a small one the content.

    A request's part counts only when `take` adds it, so that a part that broke off has never been there.
    """

    def __init__(self, declared_size: int, *, keep_bytes: int) -> None:
        self.declared_size = declared_size
        self.size = 0
        self.head = b""
        self._keep_bytes = keep_bytes if declared_size <= keep_bytes else 0
        self._kept = bytearray()
        self._digest = hashlib.sha256()
        self._before = (self.size, self._digest)

    @property
    def is_whole(self) -> bool:
        """Whether everything that was declared is there."""
        return self.size == self.declared_size

    @property
    def sha256(self) -> str:
        """The checksum in hexadecimal."""
        return self._digest.hexdigest()

    @property
    def content(self) -> bytes | None:
        """The content so far, or None when it is not kept."""
        return bytes(self._kept) if self._keep_bytes else None

    def open_part(self, name: str, filename: str | None) -> FilePart:
        """Return a part that goes on where the file ends now."""
        start = (self, self.size)
        return FilePart(name, filename, keep_bytes=self._keep_bytes, digest=self._digest.copy(), start=start)

    def can_take(self, part: FilePart) -> bool:
        """Whether the part was opened at what is still the file's end."""
        return part.start == (self, self.size)

    def take(self, part: FilePart) -> None:
        """Add a part."""
        self._before = (self.size, self._digest)
        self.size += part.size
        self.head = (self.head + part.head)[:HEAD_BYTES]
        self._digest = part.digest
        self._kept += part.kept

    def forget_last_part(self) -> None:
        """Lose what the last part brought."""
        self.size, self._digest = self._before
        self.head = self.head[: self.size]
        del self._kept[self.size :]
