"""What kind of video a file is, by its first bytes."""

from __future__ import annotations

_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
_SIGNATURES = (
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
    (b"FLV", "video/x-flv"),
    (b"\x30\x26\xb2\x75", "video/x-ms-asf"),
    (b"\0\0\1\xba", "video/mpeg"),
    (b"\0\0\1\xb3", "video/mpeg"),
)


def recognise_video(head: bytes) -> str | None:
    """Return the media type of a video container that begins like this, or None for anything else."""
    if head[4:8] in _BOXES:
        return "video/mp4"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    return next((media_type for signature, media_type in _SIGNATURES if head.startswith(signature)), None)
