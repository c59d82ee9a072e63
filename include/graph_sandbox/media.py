"""What Pages show besides text: photos, videos, and the files behind them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from graph_sandbox.entities import Fate
from graph_sandbox.growing_file import GrowingFile


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The content of an upload: its type by content, its size and checksum, and where it lies unless it was too big."""

    media_type: str
    size: int
    sha256: str
    path: Path | None


@dataclass(slots=True)
class Photo:
    """A photo of a Page. It is used once `post_id` names the post that shows it, or shall show it."""

    id: str
    page_id: str
    app_id: str
    file: StoredFile
    caption: str | None
    alt_text: str | None
    is_temporary: bool
    uploaded_at: float
    post_id: str | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a video could not be processed, as its status tells."""

    code: int
    message: str


@dataclass(slots=True)
class Video:
    """A video of a Page, known from the first request of its upload on.

    It is finished once everything was sent and its texts and publication were settled, ready when processing is over,
    and public when `post_id` names its post. A video with `trouble` is never ready. `publish_at` is when it shall
    become a post (None: a draft), which `scheduled_publish_time` says to others only while it is a native schedule.
    """

    id: str
    page_id: str
    app_id: str
    created_at: float
    session_id: str | None = None
    file: StoredFile | None = None
    title: str | None = None
    description: str | None = None
    publish_at: float | None = None
    scheduled_publish_time: int | None = None
    thumb: StoredFile | None = None
    finished_at: float | None = None
    processing_seconds: float = 0.0
    trouble: Trouble | None = None
    post_id: str | None = None
    fate: Fate = Fate.FIRES

    @property
    def processed_at(self) -> float:
        """When processing ends; never before the upload is finished."""
        return float("inf") if self.finished_at is None else self.finished_at + self.processing_seconds

    def is_ready(self, now: float) -> bool:
        """Whether the video can be watched."""
        return self.trouble is None and self.processed_at <= now

    @property
    def goes_public(self) -> bool:
        """Whether the video is public, or becomes so as soon as it is ready."""
        return self.publish_at is not None and self.scheduled_publish_time is None

    def public_from(self) -> float | None:
        """Return when the video becomes a post; None for a draft and for one in trouble."""
        if self.trouble is not None or self.publish_at is None:
            return None
        return max(self.processed_at, self.publish_at)


@dataclass(slots=True)
class UploadSession:
    """A chunked upload (Graph API reference, Chunked phases) of one app for one Page."""

    id: str
    video_id: str
    page_id: str
    app_id: str
    opened_at: float
    chunk_bytes: int
    file: GrowingFile = field(repr=False)
    is_finished: bool = False

    @property
    def end_offset(self) -> int:
        """Where the chunk that is wanted next ends; the server dictates it."""
        return min(self.file.size + self.chunk_bytes, self.file.declared_size)

    def offsets(self) -> dict[str, str]:
        """Return what is wanted next, as strings; both are the file's size when everything is there."""
        return {"start_offset": str(self.file.size), "end_offset": str(self.end_offset)}


@dataclass(slots=True)
class ResumableUpload:
    """An upload of the Resumable Upload API, of one person through one app; `handle` is there once it is whole."""

    id: str
    signature: str = field(repr=False)
    app_id: str
    user_id: str
    file_type: str
    opened_at: float
    file: GrowingFile = field(repr=False)
    handle: str | None = None

    @property
    def full_id(self) -> str:
        """The id as clients see it, with its signature."""
        return f"{self.id}?sig={self.signature}"
