"""Reading media from storage, as services see it: what a store gives, and a stream that notices a change.

Which storage it is, and how one gets into it, is the hook's business (`socialpub.hooks.storage`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from socialpub.errors import MediaChangedError, MediaError, MediaUnavailableError

PIECE = 1 << 20
"""How much is read at a time, in bytes, where nobody else decides."""


class Readable(Protocol):
    """A binary stream; `read` returns at most that many bytes, and none only at the end."""

    def read(self, size: int, /) -> bytes: ...


class RawStream(Readable, Protocol):
    def close(self) -> None: ...


class StoredFile(Protocol):
    """A file as it was when it was opened. Another content under its path is another file, and never given for it."""

    @property
    def name(self) -> str:
        """How messages speak of it: its storage path."""

    @property
    def size(self) -> int:
        """In bytes."""

    def open_stream(self, offset: int = 0) -> MediaStream:
        """A stream from byte `offset` to the end. Raises a `MediaError`, as reading from the stream does."""


class MediaStore(Protocol):
    def open(self, storage_path: str) -> StoredFile:
        """Find the file. Raises a `MediaError`, or `ConfigurationError` where the storage itself is not set up."""


@dataclass(slots=True)
class MediaStream:
    """Gives exactly the bytes from `offset` to `size`, or raises. Of a file that changed, the end is never given.

    `find_trouble` says what is wrong with the file now, if anything: asked when a read fails or comes short, and once
    before the last bytes are given. One stream serves one thread.
    """

    raw: RawStream
    name: str
    size: int
    offset: int
    find_trouble: Callable[[], MediaError | None]

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes. Raises `MediaChangedError`, `MediaMissingError` or `MediaUnavailableError`."""
        wanted = min(size, self.size - self.offset)
        if wanted <= 0:
            return b""
        piece = self._read(wanted)
        self.offset += len(piece)
        if not piece or self.offset == self.size:
            self._check(is_short=not piece)
        return piece

    def close(self) -> None:
        self.raw.close()

    def __enter__(self) -> MediaStream:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _read(self, wanted: int) -> bytes:
        try:
            return self.raw.read(wanted)
        except Exception as error:  # noqa: BLE001 - each storage fails in its own way
            kind = type(error).__name__
        # Outside the `except`: the text of a storage's exception may hold a signed URL.
        raise self.find_trouble() or unavailable(self.name, kind)

    def _check(self, *, is_short: bool) -> None:
        trouble = self.find_trouble()
        if trouble or is_short:
            raise trouble or changed(self.name, f"it ends at byte {self.offset} of {self.size}")


class HashingStream:
    """Passes a stream on and computes the SHA-256 of what was read."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        piece = self._stream.read(size)
        self._hash.update(piece)
        return piece

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


def measure_checksum(file: StoredFile) -> str:
    """The SHA-256 of the whole file, in hexadecimal, read piece by piece. Raises a `MediaError`."""
    with file.open_stream() as stream:
        hashing = HashingStream(stream)
        while hashing.read(PIECE):
            pass
    return hashing.hexdigest()


def changed(name: str, how: str) -> MediaChangedError:
    return MediaChangedError(
        f"“{name}” changed while it was read: {how}.",
        next_step="put the finished file back and leave it alone, then try again; other content needs a new approval.",
    )


def unavailable(name: str, kind: str) -> MediaUnavailableError:
    return MediaUnavailableError(
        f"The storage of “{name}” failed ({kind}).",
        next_step="check the storage and its Airflow connection; nothing was sent, it will be tried again.",
    )
