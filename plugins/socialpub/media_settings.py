"""Where media are, what of them Facebook takes, and which links may be asked for, read from the environment."""

from __future__ import annotations

from collections.abc import Mapping

from socialpub.environment import read_count, read_list, read_seconds, read_text
from socialpub.media.limits import LinkLimits, MediaLimits, PhotoLimits, UploadLimits, VideoLimits
from socialpub.media.places import MediaPlaces

_PHOTO, _VIDEO, _UPLOADS, _LINKS = PhotoLimits(), VideoLimits(), UploadLimits(), LinkLimits()


def read_places(environment: Mapping[str, str]) -> MediaPlaces:
    """Raises `ConfigurationError` for a place that can't be used."""
    return MediaPlaces(read_text(environment, "MEDIA_ROOT"), read_list(environment, "MEDIA_URLS"))


def read_media_limits(environment: Mapping[str, str]) -> MediaLimits:
    photo = PhotoLimits(
        safe_bytes=read_count(environment, "PHOTO_SAFE_BYTES", _PHOTO.safe_bytes),
        hard_bytes=read_count(environment, "PHOTO_MAX_BYTES", _PHOTO.hard_bytes),
    )
    video = VideoLimits(
        max_bytes=read_count(environment, "VIDEO_MAX_BYTES", _VIDEO.max_bytes),
        single_request_bytes=read_count(environment, "VIDEO_CHUNKS_ABOVE_BYTES", _VIDEO.single_request_bytes),
    )
    return MediaLimits(photo, video)


def read_uploads(environment: Mapping[str, str]) -> UploadLimits:
    return UploadLimits(
        upload_ahead=read_seconds(environment, "UPLOAD_AHEAD_SECONDS", _UPLOADS.upload_ahead),
        max_posts=read_count(environment, "MAX_UPLOADS_PER_RUN", _UPLOADS.max_posts),
    )


def read_links(environment: Mapping[str, str]) -> LinkLimits:
    return LinkLimits(
        time=read_seconds(environment, "LINK_SECONDS", _LINKS.time),
        private_hosts=frozenset(read_list(environment, "LINK_PRIVATE_HOSTS")),
    )
