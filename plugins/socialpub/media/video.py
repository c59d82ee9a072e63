"""Is it a video that Facebook takes? Told by the boxes of its container as its bytes pass by, in one reading.

MP4 and QuickTime files are lists of boxes, each with its length and a name of four letters (ISO/IEC 14496-12). What
others are is told by their first bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from socialpub.media.findings import Finding, Inspection, MediaFacts, Severity
from socialpub.media.limits import VideoLimits
from socialpub.media.source import PIECE, HashingStream, StoredFile

_CONVERT = "convert it, such as with `ffmpeg -i IN -c:v libx264 -c:a aac -movflags +faststart OUT.mp4`."
_REPLACE = "export the video again and store it anew."
# Facebook names many containers and recommends these two; only these can be checked.
_KNOWN_STARTS = (
    (b"\x1aE\xdf\xa3", 0, "a Matroska or WebM file"),
    (b"AVI ", 8, "an AVI file"),
    (b"FLV", 0, "a Flash video"),
    (b"0&\xb2u\x8ef\xcf\x11", 0, "a Windows Media file"),
    (b"OggS", 0, "an Ogg file"),
    (b"\x00\x00\x01\xba", 0, "an MPEG program stream"),
    (b"G@", 0, "an MPEG transport stream"),
    (b"GIF8", 0, "a GIF; as a photo it shows its first picture"),
    (b"\xff\xd8\xff", 0, "a JPEG photo"),
    (b"\x89PNG", 0, "a PNG photo"),
    (b"%PDF", 0, "a PDF document"),
    (b"PK\x03\x04", 0, "a ZIP archive"),
)
# Brands of files that are built like an MP4 and are none: HEIF and AVIF pictures, sound alone.
_OTHER_BRANDS = {b"heic": "a HEIC photo", b"heix": "a HEIC photo", b"mif1": "a HEIF photo", b"avif": "an AVIF photo",
                 b"M4A ": "sound without a picture", b"M4B ": "sound without a picture"}  # fmt: skip
_FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
# A box of 4 GiB and more has its size behind its name.
_SIZE_FOLLOWS = b"\0\0\0\1"
_KEPT = 256
_MOST_BOXES = 100_000


@dataclass(slots=True)
class BoxScanner:
    """Walks over the top-level boxes of a file that is handed to it in pieces; keeps the start of those that tell."""

    names: list[bytes] = field(default_factory=list)
    kept: dict[bytes, bytes] = field(default_factory=dict)
    is_broken: bool = False
    ends_at: int = 0
    """Where the last box says that it ends; 0 where it says "to the end"."""
    _header: bytes = b""
    _left: int | None = 0
    """Bytes of the current box still to come; None for "to the end of the file"."""

    def feed(self, piece: bytes) -> None:
        at = 0
        while at < len(piece) and not self.is_broken:
            if self._left == 0:
                at += self._read_header(piece[at : at + 16])
            else:
                at += self._pass_over(piece, at)

    def _read_header(self, start: bytes) -> int:
        """Take as many bytes as the header still needs, and open the box once it is whole."""
        needed = 16 if self._header[:4] == _SIZE_FOLLOWS else 8
        taken = start[: needed - len(self._header)]
        self._header += taken
        if len(self._header) == 16:
            self._open(self._header[4:8], int.from_bytes(self._header[8:]), 16)
        elif len(self._header) == 8 and self._header[:4] != _SIZE_FOLLOWS:
            self._open(self._header[4:], int.from_bytes(self._header[:4]), 8)
        return len(taken)

    def _open(self, name: bytes, size: int, header_size: int) -> None:
        self._header = b""
        self.names.append(name)
        self._left = None if size == 0 else size - header_size
        self.ends_at = 0 if size == 0 else self.ends_at + size
        self.is_broken = len(self.names) > _MOST_BOXES or (size != 0 and size < header_size)

    def _pass_over(self, piece: bytes, at: int) -> int:
        taken = len(piece) - at if self._left is None else min(self._left, len(piece) - at)
        name = self.names[-1]
        if name in (b"ftyp", b"moov"):
            kept = self.kept.get(name, b"")
            self.kept[name] = kept + piece[at : at + min(taken, _KEPT - len(kept))]
        if self._left is not None:
            self._left -= taken
        return taken


def inspect_video(file: StoredFile, limits: VideoLimits) -> Inspection:
    """One reading of the whole file, in constant memory. Raises a `MediaError` when it can't be read."""
    if refusal := _refuse_size(file, limits):
        return Inspection(None, (refusal,))
    scanner, start, checksum = _read(file)
    if what := _refuse_container(scanner, start):
        words = f"“{file.name}” is {what}: Facebook takes MP4 and MOV."
        return Inspection(None, (Finding(Severity.ERROR, file.name, words, _CONVERT),))
    duration = _duration_of(scanner.kept.get(b"moov", b""))
    findings = tuple(_doubt(file, scanner, duration, limits))
    is_quicktime = scanner.kept.get(b"ftyp", b"qt  ")[:4] == b"qt  "
    mime_type = "video/quicktime" if is_quicktime else "video/mp4"
    return Inspection(MediaFacts(file.size, checksum, mime_type, duration_seconds=duration), findings)


def _refuse_size(file: StoredFile, limits: VideoLimits) -> Finding | None:
    if file.size == 0:
        return Finding(Severity.ERROR, file.name, f"“{file.name}” is empty (0 bytes).", _REPLACE)
    if file.size < limits.min_bytes:
        words = f"“{file.name}” has {file.size} bytes: Facebook takes videos from {limits.min_bytes:,} bytes."
        return Finding(Severity.ERROR, file.name, words, _REPLACE)
    if file.size > limits.max_bytes:
        words = f"“{file.name}” has {file.size:,} bytes: Facebook takes videos up to {limits.max_bytes:,} bytes."
        return Finding(Severity.ERROR, file.name, words, "export the video smaller, or cut it into parts.")
    return None


def _read(file: StoredFile) -> tuple[BoxScanner, bytes, str]:
    scanner, start = BoxScanner(), b""
    with file.open_stream() as stream:
        hashing = HashingStream(stream)
        while piece := hashing.read(PIECE):
            start = start or piece[:16]
            scanner.feed(piece)
    return scanner, start, hashing.hexdigest()


def _refuse_container(scanner: BoxScanner, start: bytes) -> str | None:
    """What the file is, if it is no MP4 or MOV."""
    if scanner.names[:1] and scanner.names[0] in _FIRST_BOXES:
        return _OTHER_BRANDS.get(scanner.kept.get(b"ftyp", b"")[:4])
    return next(
        (what for bytes_, at, what in _KNOWN_STARTS if start[at : at + len(bytes_)] == bytes_), "no video that is known"
    )


def _doubt(file: StoredFile, scanner: BoxScanner, duration: float | None, limits: VideoLimits) -> Iterator[Finding]:
    if scanner.is_broken or scanner.ends_at > file.size:
        words = f"“{file.name}” is cut off or damaged: its parts do not fit into its {file.size:,} bytes."
        yield Finding(Severity.ERROR, file.name, words, _REPLACE)
    elif b"moov" not in scanner.names:
        words = f"“{file.name}” has no table of contents (moov): its recording or export was broken off."
        yield Finding(Severity.ERROR, file.name, words, _REPLACE)
    if duration is not None and duration < limits.min_seconds:
        words = f"“{file.name}” lasts {duration:.2f} s: Facebook takes videos from {limits.min_seconds:g} s."
        yield Finding(Severity.ERROR, file.name, words, "use a longer video.")
    if duration is not None and duration > limits.max_seconds:
        words = (
            f"“{file.name}” lasts {duration / 60:.0f} min: Facebook takes {limits.max_seconds / 60:.0f} min at most."
        )
        yield Finding(Severity.ERROR, file.name, words, "cut the video into parts.")


def _duration_of(moov: bytes) -> float | None:
    """In seconds, from the movie header, which comes first in practice; None where it does not, or says nothing."""
    if len(moov) < 40 or moov[4:8] != b"mvhd":
        return None
    if moov[8] == 1:  # version: 64-bit times
        timescale, duration = struct.unpack(">IQ", moov[28:40])
    else:
        timescale, duration = struct.unpack(">II", moov[20:28])
    is_unknown = timescale == 0 or duration in (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
    return None if is_unknown else duration / timescale
