"""Small true files for tests and demos."""

from __future__ import annotations

import random
import struct
import zlib


def make_png(seed: int = 0, *, size: int = 8) -> bytes:
    """Return a square PNG of one colour, which `seed` chooses."""
    colour = random.Random(seed).randbytes(3)
    rows = (b"\0" + colour * size) * size
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_part(kind, body) for kind, body in parts)


def _png_part(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def make_video(size: int = 4_096, *, seed: int = 0) -> bytes:
    """Return bytes that begin as an MP4 does and go on at random; no player shows them."""
    head = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"isom", 512, b"isom", b"mp41")
    return head + random.Random(seed).randbytes(size - len(head))
