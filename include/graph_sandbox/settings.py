"""What can be scripted for the whole sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field

_DAY = 86_400
SCHEDULE_MAX_SECONDS = {"feed": 30 * _DAY, "photos": 30 * _DAY, "videos": 180 * _DAY}
"""How far ahead a native schedule may lie, by edge: what the guide says of posts and the reference of videos."""

SCHEDULE_PROFILES = {"default": SCHEDULE_MAX_SECONDS, "75_days": dict.fromkeys(SCHEDULE_MAX_SECONDS, 75 * _DAY)}
"""Facebook's pages contradict each other; the second profile is what the reference of /feed says, for every edge."""


@dataclass(slots=True)
class Settings:
    """What can be scripted for the whole sandbox; the defaults are the strict readings of the reference."""

    latency_seconds: float = 0.0
    refuse_duplicates: bool = True
    schedule_min_seconds: int = 600
    schedule_max_seconds: dict[str, int] = field(default_factory=lambda: dict(SCHEDULE_MAX_SECONDS))
    dialog_decision: str = "approve"
    """"ask" shows a page to a person; "approve" and "deny" answer at once."""
    unscrapable_hosts: set[str] = field(default_factory=set)
    app_usage: dict[str, int] | None = None
    # Media.
    photo_max_bytes: int = 4_000_000
    unused_photo_seconds: float = 86_400.0
    max_attached_media: int = 10
    fetchable_hosts: set[str] = field(default_factory=lambda: {"127.0.0.1", "localhost"})
    video_min_bytes: int = 1_024
    video_max_bytes: int = 2 * 1_024**3
    single_video_max_bytes: int = 1_024**3
    kept_video_bytes: int = 1_024**2
    chunk_bytes: int = 52_428_800
    upload_session_seconds: float = 86_400.0
    processing_seconds: float = 3.0
    is_error_data_text: bool = False
    is_file_offset_text: bool = True
    tells_of_unseen_posts: bool = False
    """Whether webhooks hear of a post that is not published yet; Facebook's documents do not say."""
