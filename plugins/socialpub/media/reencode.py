"""A JPEG made of a photo that Facebook would not take, where its editor allowed that."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

from PIL import Image, ImageCms, ImageOps

from socialpub.errors import MediaRefusedError
from socialpub.media.limits import PhotoLimits
from socialpub.media.photo import unpack
from socialpub.media.source import MediaStream, StoredFile

MIME_TYPE = "image/jpeg"
_QUALITIES = (90, 85, 80, 70)
_SHRINK = 0.8


@dataclass(frozen=True, slots=True)
class ReencodedPhoto:
    """A `StoredFile` that is in memory: it has less than 4 MB."""

    name: str
    content: bytes = field(repr=False)

    @property
    def size(self) -> int:
        return len(self.content)

    def open_stream(self, offset: int = 0) -> MediaStream:
        raw = io.BytesIO(self.content)
        raw.seek(offset)
        return MediaStream(raw, self.name, self.size, offset, lambda: None)


def reencode_photo(file: StoredFile, limits: PhotoLimits) -> ReencodedPhoto:
    """Upright, on white, in sRGB, without metadata, and below the safe size: first by quality, then by fewer pixels.

    Raises `MediaRefusedError` for a picture that can't be unpacked, a `MediaError` for one that can't be read.
    """
    with unpack(file) as (image, _):
        if image is None or image.width * image.height > limits.max_pixels:
            raise _broken(file.name)
        try:
            plain = flatten(image)
        except Exception as error:
            raise _broken(file.name) from error
        return ReencodedPhoto(file.name, _save_below(plain, limits.safe_bytes))


def flatten(image: Image.Image) -> Image.Image:
    """Upright, on white and in sRGB. Raises whatever Pillow raises for what it can't unpack."""
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I;16"):
        upright = upright.point(lambda value: value * (1 / 256)).convert("L")
    elif upright.mode in ("I", "F"):
        raise ValueError(f"What is white in a picture of mode {upright.mode} is not known.")
    if upright.has_transparency_data:
        seen = upright.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        upright = Image.alpha_composite(white, seen)
    elif profile:
        upright = _to_srgb(upright, profile)
    return upright.convert("RGB")


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Without its profile, a picture in other primaries would show other colours."""
    try:
        converted = ImageCms.profileToProfile(
            image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return image  # A profile that can't be read says nothing about the colours.
    return converted or image


def _save_below(image: Image.Image, most: int) -> bytes:
    while True:
        for quality in _QUALITIES:
            content = io.BytesIO()
            image.save(content, "JPEG", quality=quality, optimize=True)
            if content.tell() < most:
                return content.getvalue()
        image = image.resize((max(1, int(image.width * _SHRINK)), max(1, int(image.height * _SHRINK))))


def _broken(name: str) -> MediaRefusedError:
    return MediaRefusedError(f"“{name}” can't be unpacked as a picture.", next_step="store the photo anew.")
