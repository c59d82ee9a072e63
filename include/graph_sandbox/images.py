"""What kind of image a file is, by its content, and whether it is whole."""

from __future__ import annotations

from collections.abc import Callable

_KINDS: tuple[tuple[str, tuple[bytes, ...], Callable[[bytes], bool]], ...] = (
    ("image/jpeg", (b"\xff\xd8\xff",), lambda content: b"\xff\xd9" in content[-64:]),
    ("image/png", (b"\x89PNG\r\n\x1a\n",), lambda content: content[-8:-4] == b"IEND"),
    ("image/gif", (b"GIF87a", b"GIF89a"), lambda content: content[-1:] == b";"),
    ("image/bmp", (b"BM",), lambda content: int.from_bytes(content[2:6], "little") == len(content)),
    ("image/tiff", (b"II*\0", b"MM\0*"), lambda content: _first_directory(content) < len(content)),
)
"""Media type, first bytes, and what tells a whole file from a cut one: the formats of D-PHOTOS."""


def recognise_image(content: bytes) -> str | None:
    """Return the media type of a whole JPEG, PNG, GIF, BMP or TIFF, or None for anything else."""
    for media_type, signatures, is_whole in _KINDS:
        if content.startswith(signatures):
            return media_type if is_whole(content) else None
    return None


def _first_directory(content: bytes) -> int:
    return int.from_bytes(content[4:8], "little" if content[:1] == b"I" else "big")
