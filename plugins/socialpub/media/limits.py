"""What is too much: of a photo, of a video, of what a link leads to, and of uploads at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class PhotoLimits:
    """Sizes in bytes. Facebook's reference says 10 MB; an older one, and its refusals still, 4 MB."""

    safe_bytes: int = 4_000_000
    hard_bytes: int = 10_000_000
    source_bytes: int = 200_000_000
    """How large a photo may be that is re-encoded."""
    max_pixels: int = 64_000_000
    """Unpacked, a pixel takes three bytes, and re-encoding needs a second copy."""


@dataclass(frozen=True, slots=True)
class VideoLimits:
    """Sizes in bytes, durations in seconds. Facebook's reference states none: these are the texts of its refusals."""

    min_bytes: int = 1024
    """Subcode 1363022."""
    max_bytes: int = 2 << 30
    """Subcode 1363023."""
    min_seconds: float = 1
    """Subcode 1363025."""
    max_seconds: float = 240 * 60
    single_request_bytes: int = 10_000_000
    """Up to this size a video goes up in one request, above it in chunks."""


@dataclass(frozen=True, slots=True)
class MediaLimits:
    photo: PhotoLimits = field(default_factory=PhotoLimits)
    video: VideoLimits = field(default_factory=VideoLimits)


@dataclass(frozen=True, slots=True)
class LinkLimits:
    """How much of the web a link may have us see. A preview's tags are in the head of its page."""

    time: timedelta = timedelta(seconds=10)
    """For all of it, redirects included; only the resolver of the system keeps to its own."""
    max_bytes: int = 512_000
    max_redirects: int = 5
    private_hosts: frozenset[str] = frozenset()
    """Hosts that may have addresses of our own network: those of a sandbox or a test."""


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """How far ahead media are uploaded, and how many posts a run takes."""

    upload_ahead: timedelta = timedelta(hours=20)
    """Less than the about 24 hours that Facebook keeps a photo which no post shows, with some to spare."""
    max_posts: int = 50
