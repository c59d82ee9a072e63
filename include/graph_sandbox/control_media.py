"""The part of the control client that is about media, comments and native schedules."""

from __future__ import annotations

from dataclasses import dataclass

from graph_sandbox.control_client import ControlClient


@dataclass(frozen=True, slots=True)
class SandboxPhoto:
    """A photo as the sandbox holds it. Without a `post_id` it is unused, and an orphan if nobody will use it."""

    id: str
    post_id: str | None
    is_temporary: bool
    caption: str | None
    alt_text: str | None
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SandboxVideo:
    """A video as the sandbox holds it. `bytes_received` and `sha256` are of what has come so far.

    `state` is `video_status`; `upload_session_id` is there when it came in chunks.
    """

    id: str
    post_id: str | None
    title: str | None
    description: str | None
    state: str
    scheduled_publish_time: int | None
    upload_session_id: str | None
    bytes_received: int
    file_size: int
    sha256: str
    thumb_sha256: str | None


@dataclass(frozen=True, slots=True)
class SandboxComment:
    """A comment of the Page under a post."""

    id: str
    message: str
    created_at: float


class MediaControl(ControlClient):
    """Asks for media and scripts how the sandbox treats them."""

    def photos(self, page_id: str) -> list[SandboxPhoto]:
        """Return the photos of a Page that are still there, oldest first."""
        return [SandboxPhoto(**row) for row in self._call("GET", f"pages/{page_id}/photos")]

    def videos(self, page_id: str) -> list[SandboxVideo]:
        """Return the videos of a Page, whatever their state, oldest first."""
        return [SandboxVideo(**row) for row in self._call("GET", f"pages/{page_id}/videos")]

    def comments(self, post_id: str) -> list[SandboxComment]:
        """Return the comments of a post, oldest first, without lag."""
        return [SandboxComment(**row) for row in self._call("GET", f"posts/{post_id}/comments")]

    def break_schedule(self, object_id: str, *, vanishes: bool) -> None:
        """Let the native schedule of a post or a video fail: at its time it is gone, or stays as it is."""
        self._call("POST", f"schedules/{object_id}", {"fate": "vanishes" if vanishes else "stays"})
