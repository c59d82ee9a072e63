"""Photos and videos of every make, whole and broken."""

from __future__ import annotations

import io
import os
import struct

from PIL import Image


def photo(kind: str = "JPEG", size: tuple[int, int] = (64, 48), *, mode: str = "RGB", **options) -> bytes:
    content = io.BytesIO()
    Image.new(mode, size, "teal" if mode in ("RGB", "RGBA") else 0).save(content, kind, **options)
    return content.getvalue()


def noise(kind: str, size: tuple[int, int], **options) -> bytes:
    """A photo that does not compress."""
    content = io.BytesIO()
    Image.frombytes("RGB", size, os.urandom(size[0] * size[1] * 3)).save(content, kind, **options)
    return content.getvalue()


def animation(kind: str = "GIF") -> bytes:
    content = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "green", "blue")]
    frames[0].save(content, kind, save_all=True, append_images=frames[1:])
    return content.getvalue()


def box(name: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload) + 8) + name + payload


def large_box(name: bytes, payload: bytes = b"") -> bytes:
    """With its size in 64 bits, as boxes of 4 GiB and more have it."""
    return struct.pack(">I", 1) + name + struct.pack(">Q", len(payload) + 16) + payload


def movie_header(seconds: float, *, version: int = 0) -> bytes:
    times = (0, 0, 1000, int(seconds * 1000))
    packed = struct.pack(">IIII", *times) if version == 0 else struct.pack(">QQIQ", *times)
    return box(b"mvhd", bytes([version, 0, 0, 0]) + packed + bytes(80))


def video(*, brand: bytes = b"isom", seconds: float = 12, data: bytes = bytes(4096), version: int = 0) -> bytes:
    """As a camera writes it: the table of contents behind the data."""
    moov = box(b"moov", movie_header(seconds, version=version))
    return box(b"ftyp", brand + b"\0\0\2\0isomiso2") + box(b"free") + box(b"mdat", data) + moov
