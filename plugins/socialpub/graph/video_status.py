"""What Facebook says about a video, read from any of the shapes its pages and samples show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from socialpub.graph.error_codes import find_subcode
from socialpub.graph.page_post import parse_instant, parse_text
from socialpub.graph.redaction import clean_text

STATUS_FIELDS = "status,permalink_url,published,post_id,scheduled_publish_time"
_PHASES = ("uploading_phase", "processing_phase", "publishing_phase")
_FAILED = ("error", "expired", "upload_failed")


class VideoState(StrEnum):
    UPLOADING = "uploading"
    """Bytes are missing, or all are there and Facebook shows no sign yet that the upload was finished."""
    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class VideoStatus:
    """How far a video is. What Facebook did not give is None; `progress` is in percent of the processing.

    `errors` are sentences, at least one when it failed. `post_id` is the post that shows the video, as Facebook writes
    it: at times without the Page's part. A video is live when it is ready and `is_published`.
    """

    state: VideoState
    errors: tuple[str, ...]
    progress: int | None
    post_id: str | None
    permalink_url: str | None
    is_published: bool | None
    scheduled_publish_time: datetime | None


def parse_video_status(node: dict[str, Any], *, secrets: Iterable[str] = ()) -> VideoStatus:
    """Read what makes sense. A video without a known status is processing: asking again costs little, and a wrong
    "ready" or "failed" ends the post.
    """
    status = _object(node.get("status"))
    phases = {name: _object(status.get(name)) for name in _PHASES}
    errors = tuple(_describe_errors(phases, list(secrets)))
    state = _find_state(parse_text(status.get("video_status")), phases)
    if state is VideoState.FAILED and not errors:
        errors = (f"Facebook gives no reason; it calls the video “{status.get('video_status')}”."[:200],)
    published = node.get("published")
    return VideoStatus(
        state,
        errors,
        _parse_percent(status.get("processing_progress")),
        parse_text(node.get("post_id")),
        parse_text(node.get("permalink_url")),
        published if isinstance(published, bool) else None,
        parse_instant(node.get("scheduled_publish_time")),
    )


def _find_state(video_status: str | None, phases: dict[str, dict[str, Any]]) -> VideoState:
    has_failed = any(phase.get("status") == "error" for phase in phases.values())
    if video_status in _FAILED or has_failed or phases["publishing_phase"].get("publish_status") == "error":
        return VideoState.FAILED
    if video_status == "ready":
        return VideoState.READY
    is_waiting = phases["processing_phase"].get("status") in (None, "not_started")
    if video_status in ("uploading", "upload_complete") and is_waiting:
        return VideoState.UPLOADING
    return VideoState.PROCESSING


def _describe_errors(phases: dict[str, dict[str, Any]], secrets: list[str]) -> Iterator[str]:
    """One sentence for each error; they come as `errors: [{code, message}]` or as a single `error: {message}`."""
    for name, phase in phases.items():
        listed = phase.get("errors")
        for entry in [*(listed if isinstance(listed, list) else [listed]), phase.get("error")]:
            if error := _object(entry):
                yield _describe_error(name.removesuffix("_phase"), error, secrets)


def _describe_error(phase: str, error: dict[str, Any], secrets: list[str]) -> str:
    code = error.get("code")
    known = find_subcode(code) if isinstance(code, int) else None
    words = parse_text(error.get("message")) or (known.meaning if known else "no reason given")
    text = f"{phase}: {clean_text(words, secrets=secrets)}"
    return f"{text} (code {code})" if isinstance(code, int) else text


def _parse_percent(value: Any) -> int | None:  # noqa: ANN401 - JSON of a shape we do not trust
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= 100 else None


def _object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON of a shape we do not trust
    return value if isinstance(value, dict) else {}
