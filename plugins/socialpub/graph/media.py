"""Files on their way to Facebook: read piece by piece while they are sent, never held whole.

`requests` and urllib3 build a multipart body in memory. The encoder of requests-toolbelt does not, but takes every byte
through a buffer of its own, 16 KiB at a time, and measured at a third of the speed of a plain stream. So urllib3 only
words the part headers here, and the bytes go from the stream to the socket in pieces of 1 MiB, under a Content-Length
that is known before the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from urllib3.fields import RequestField
from urllib3.filepost import choose_boundary

from socialpub.errors import MediaError

_PIECE = 1 << 20


class Readable(Protocol):
    """A binary stream; `read` returns at most that many bytes, and none only at the end."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class MediaFile:
    """What is sent of a file: exactly `size` bytes from where the stream stands. A stream can be sent once.

    `name` and `content_type` (a MIME type) are what Facebook is told of it.
    """

    stream: Readable = field(repr=False)
    size: int
    name: str
    content_type: str


class BrokenFileError(Exception):
    """The file could not be read to its declared end, so its request broke off and can't have been carried out."""

    def __init__(self, message: str, *, is_too_short: bool) -> None:
        super().__init__(message)
        self.is_too_short = is_too_short


class FileBody:
    """A file as the whole body of a request."""

    def __init__(self, file: MediaFile) -> None:
        self._file = file

    def __len__(self) -> int:
        return self._file.size

    def __iter__(self) -> Iterator[bytes]:
        return _read_exactly(self._file)


class MultipartBody:
    """A `multipart/form-data` body: the fields first, so that Facebook knows what a file is for when it arrives."""

    def __init__(self, fields: Mapping[str, str], files: Mapping[str, MediaFile]) -> None:
        self._boundary = choose_boundary()
        self._head = b"".join(
            self._open_part(RequestField(name, value)) + value.encode() + b"\r\n" for name, value in fields.items()
        )
        self._files = [
            (self._open_part(RequestField(name, b"", file.name), file.content_type), file)
            for name, file in files.items()
        ]
        self._tail = f"--{self._boundary}--\r\n".encode()

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    def __len__(self) -> int:
        parts = (len(opening) + file.size + len(b"\r\n") for opening, file in self._files)
        return len(self._head) + sum(parts) + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        yield self._head
        for opening, file in self._files:
            yield opening
            yield from _read_exactly(file)
            yield b"\r\n"
        yield self._tail

    def _open_part(self, part: RequestField, content_type: str | None = None) -> bytes:
        part.make_multipart(content_type=content_type)
        return f"--{self._boundary}\r\n{part.render_headers()}".encode()


def _read_exactly(file: MediaFile) -> Iterator[bytes]:
    missing = file.size
    while missing:
        piece = _read(file, min(missing, _PIECE))
        if not piece:
            words = f"The file ended {missing} bytes short of the {file.size} announced; nothing of it was taken."
            raise BrokenFileError(words, is_too_short=True)
        missing -= len(piece)
        yield piece


def _read(file: MediaFile, size: int) -> bytes:
    try:
        return file.stream.read(size)
    except MediaError:  # It names the file and says what to do, and no more.
        raise
    except Exception as error:  # noqa: BLE001 - each storage fails in its own way, none of them Facebook's
        kind = type(error).__name__
    # Raised outside the `except`: the text of a storage's exception may hold a signed URL.
    raise BrokenFileError(f"The file could not be read on ({kind}); nothing of it was taken.", is_too_short=False)
