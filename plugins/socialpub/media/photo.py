"""Is it a photo that Facebook takes? Told by its content, with Pillow, before anything is sent."""

from __future__ import annotations

import logging
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from PIL import Image, UnidentifiedImageError

from socialpub.media.findings import Finding, Inspection, MediaFacts, Severity
from socialpub.media.limits import PhotoLimits
from socialpub.media.source import PIECE, HashingStream, StoredFile

log = logging.getLogger(__name__)

# Graph API reference, Page photos. An MPO is what phones make: a JPEG with more pictures behind the first.
_TAKEN = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "BMP": "image/bmp",
          "TIFF": "image/tiff"}  # fmt: skip
_READABLE = {**_TAKEN, "WEBP": "image/webp", "AVIF": "image/avif"}
_ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")
_ALLOW = "save it as a JPEG below 4 MB, or allow it to be re-encoded (may_reencode)."
# JPEG opens an MPO as well.
_FORMATS = [kind for kind in _READABLE if kind != "MPO"]
_IN_MEMORY = 10_000_000
# One picture at a time is unpacked, so that a lane of many threads needs the memory of one.
_unpacking = threading.Semaphore()


def inspect_photo(file: StoredFile, limits: PhotoLimits, *, may_reencode: bool) -> Inspection:
    """One reading of the file. Raises a `MediaError` when it can't be read."""
    most = limits.source_bytes if may_reencode else limits.hard_bytes
    if file.size == 0:
        return _refuse(file, "is empty (0 bytes)", "store the photo anew.")
    if file.size > most:
        return _refuse(file, f"has {file.size:,} bytes: {most:,} are the most", _ALLOW)
    with unpack(file) as (image, checksum):
        if image is None:
            return _refuse(file, "is no photo that Facebook takes (JPEG, PNG, GIF, BMP, TIFF)", "save it as a JPEG.")
        kind = image.format or ""
        facts = MediaFacts(file.size, checksum, _READABLE[kind], image.width, image.height)
        if image.width * image.height > limits.max_pixels:
            words = f"has {image.width} × {image.height} pixels: {limits.max_pixels:,} are the most"
            return _refuse(file, words, "save it smaller.", facts)
        is_animated = kind in _ANIMATED and getattr(image, "is_animated", False)
        if not _is_whole(image, file.name):
            return _refuse(file, "is cut off or damaged", "store the photo anew.", facts)
    needs_reencoding = may_reencode and (kind not in _TAKEN or file.size > limits.safe_bytes)
    findings = _doubt(file, kind, limits, is_animated=is_animated) if not needs_reencoding else iter(())
    return Inspection(facts, tuple(findings), needs_reencoding)


@contextmanager
def unpack(file: StoredFile) -> Iterator[tuple[Image.Image | None, str]]:
    """The picture, its pixels not read yet, and the SHA-256 of the file; None for what is no picture."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as copy:
        with file.open_stream() as stream:
            hashing = HashingStream(stream)
            while piece := hashing.read(PIECE):
                copy.write(piece)
        copy.seek(0)
        with _unpacking:
            yield _open(copy, file.name), hashing.hexdigest()


def _open(copy: IO[bytes], name: str) -> Image.Image | None:
    try:
        return Image.open(copy, formats=_FORMATS)
    except UnidentifiedImageError:
        return None
    except Exception as error:  # noqa: BLE001 - a hostile header makes Pillow raise anything
        log.warning("“%s” can't be opened as a picture: %r", name, error)
        return None


def _is_whole(image: Image.Image, name: str) -> bool:
    """Reads to the end without unpacking more than it must: a PNG has checksums, a JPEG can be read at an eighth."""
    try:
        if image.format == "PNG":
            image.verify()
        else:
            image.draft("RGB", (image.width // 8, image.height // 8))
            image.load()
    except Exception as error:  # noqa: BLE001 - a damaged picture makes Pillow raise anything
        log.warning("“%s” can't be unpacked: %r", name, error)
        return False
    return True


def _doubt(file: StoredFile, kind: str, limits: PhotoLimits, *, is_animated: bool) -> Iterator[Finding]:
    if kind not in _TAKEN:
        words = f"“{file.name}” is {kind}: Facebook takes JPEG, PNG, GIF, BMP and TIFF."
        yield Finding(Severity.ERROR, file.name, words, _ALLOW)
    if file.size > limits.safe_bytes:
        words = f"“{file.name}” has {file.size:,} bytes: Facebook may refuse more than {limits.safe_bytes:,}."
        yield Finding(Severity.WARNING, file.name, words, _ALLOW)
    if kind == "PNG" and file.size > 1_000_000:
        words = f"“{file.name}” is a PNG above 1 MB, which Facebook may show pixelated."
        yield Finding(Severity.WARNING, file.name, words, "save it as a JPEG.")
    if is_animated:
        words = f"“{file.name}” is animated: as a photo, Facebook shows its first picture only."
        yield Finding(Severity.WARNING, file.name, words, "make a video of it, if it should move.")


def _refuse(file: StoredFile, words: str, next_step: str, facts: MediaFacts | None = None) -> Inspection:
    return Inspection(facts, (Finding(Severity.ERROR, file.name, f"“{file.name}” {words}.", next_step),))
