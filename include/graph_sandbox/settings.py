"""What can be scripted for the whole sandbox."""

from __future__ import annotations

from dataclasses import dataclass, field

SCHEDULE_MAX_SECONDS = {"feed": 30 * 86_400, "photos": 30 * 86_400, "videos": 180 * 86_400}
"""How far ahead a native schedule may lie, by edge."""


@dataclass(slots=True)
class Settings:
    """What can be scripted for the whole sandbox; the defaults are the strict readings of the reference."""

    latency_seconds: float = 0.0
    refuse_duplicates: bool = True
    schedule_min_seconds: int = 600
    schedule_max_seconds: dict[str, int] = field(default_factory=lambda: dict(SCHEDULE_MAX_SECONDS))
    dialog_decision: str = "approve"
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
