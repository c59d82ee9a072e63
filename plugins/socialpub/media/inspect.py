"""A look at a stored photo or video, so that a bad one shows long before its post is due."""

from __future__ import annotations

from socialpub.media.findings import Inspection
from socialpub.media.limits import MediaLimits
from socialpub.media.photo import inspect_photo
from socialpub.media.source import StoredFile
from socialpub.media.video import inspect_video
from socialpub.models import AssetType


def inspect_media(file: StoredFile, kind: AssetType, limits: MediaLimits, *, may_reencode: bool = False) -> Inspection:
    """What the file is and what is wrong with it, in one reading. Raises a `MediaError` when it can't be read."""
    if kind == AssetType.VIDEO:
        return inspect_video(file, limits.video)
    return inspect_photo(file, limits.photo, may_reencode=may_reencode)
