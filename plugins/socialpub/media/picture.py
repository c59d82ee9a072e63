"""A small picture of a photo, for looking at it before anybody approves it."""

from __future__ import annotations

import io

from socialpub.errors import MediaRefusedError
from socialpub.media.limits import PhotoLimits
from socialpub.media.photo import unpack
from socialpub.media.reencode import flatten
from socialpub.media.source import StoredFile

MIME_TYPE = "image/jpeg"
_EDGE, _QUALITY = 960, 80


def draw_picture(file: StoredFile, limits: PhotoLimits) -> bytes:
    """A JPEG of 960 pixels at most, made here, so that no byte of somebody's file reaches another one's browser.

    Raises `MediaRefusedError` for what is no picture, a `MediaError` for what can't be read.
    """
    with unpack(file) as (image, _):
        if image is None or image.width * image.height > limits.max_pixels:
            raise _broken(file.name)
        try:
            image.draft(
                "RGB", (_EDGE, _EDGE)
            )  # A JPEG is read at a half, a quarter or an eighth, and so are its costs.
            small = flatten(image)
        except Exception as error:
            raise _broken(file.name) from error
        small.thumbnail((_EDGE, _EDGE))
        written = io.BytesIO()
        small.save(written, "JPEG", quality=_QUALITY)
        return written.getvalue()


def _broken(name: str) -> MediaRefusedError:
    return MediaRefusedError(f"“{name}” can't be shown as a picture.", next_step="store the photo anew, as a JPEG.")
