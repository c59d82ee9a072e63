"""Videos of a Page: the requests that bring a whole one, and those that publish one, whichever way its bytes went.

What comes in one request stays unpublished: its id is known only from the answer, and an answer can be lost. What
publishes it then names the video, so that an unclear outcome is settled by asking it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from socialpub.graph.answers import require_id, require_success
from socialpub.graph.client import GraphClient, OnAnswer, PreparedCall, go_on
from socialpub.graph.media import MediaFile
from socialpub.graph.prepare import Order
from socialpub.graph.settings import Host
from socialpub.graph.usage import Usage
from socialpub.graph.video_status import STATUS_FIELDS, VideoStatus, parse_video_status
from socialpub.graph.video_upload import VideoUpload
from socialpub.models.secret import Secret

__all__ = [
    "AcceptedVideo",
    "PreparedVideo",
    "VideoDetails",
    "VideoStatus",
    "prepare_file_url",
    "prepare_finish",
    "prepare_handle",
    "prepare_publication",
    "prepare_source",
    "read_video",
    "send_video",
]


@dataclass(frozen=True, slots=True)
class VideoDetails:
    """What goes on the Page with the bytes."""

    title: str | None = field(default=None, repr=False)
    description: str | None = field(default=None, repr=False)
    thumb: MediaFile | None = None


@dataclass(frozen=True, slots=True)
class PreparedVideo:
    """A request that only has to be sent. `video_id` is not known before the answer to one that brings the bytes."""

    video_id: str | None
    call: PreparedCall


@dataclass(frozen=True, slots=True)
class AcceptedVideo:
    """Facebook took the request; the video is not on the Page before `read_video` says so."""

    video_id: str
    usage: Usage = field(default_factory=Usage)


def prepare_finish(
    client: GraphClient, token: Secret, upload: VideoUpload, details: VideoDetails, publish_at: datetime | None = None
) -> PreparedVideo:
    """The end of a complete chunked upload, which publishes it, or has Facebook do it at `publish_at` (aware).

    Raises `TokenRefusedError`. An unclear outcome is settled by `read_video`: the id is known, and one session makes
    one video.
    """
    fields = {"upload_phase": "finish", "upload_session_id": upload.session_id}
    fields |= {} if publish_at is None else _describe_schedule(publish_at)
    return _prepare(client, upload.page_id, token, fields, details, video_id=upload.video_id)


def prepare_publication(
    client: GraphClient, video_id: str, token: Secret, publish_at: datetime | None = None
) -> PreparedVideo:
    """Publishes a video that is unpublished so far, or has Facebook do it at `publish_at` (aware).

    Raises `TokenRefusedError`. An unclear outcome is settled by `read_video`.
    Source: Graph API reference, Video, Updating.
    """
    form = {"published": True} if publish_at is None else _describe_schedule(publish_at)
    return PreparedVideo(video_id, client.prepare(Order("POST", video_id, form=form), token))


def prepare_source(
    client: GraphClient, page_id: str, token: Secret, video: MediaFile, details: VideoDetails
) -> PreparedVideo:
    """All bytes in one request. Raises `TokenRefusedError`, and `InvalidPostError` for an empty file.

    An unclear outcome can only be looked for in `video_lists.list_videos`, because the id is the answer.
    """
    return _prepare_whole(client, page_id, token, {}, details, files={"source": video})


def prepare_file_url(
    client: GraphClient, page_id: str, token: Secret, file_url: str, details: VideoDetails
) -> PreparedVideo:
    """A video that Facebook fetches from a public URL. Unclear outcomes are as with `prepare_source`."""
    return _prepare_whole(client, page_id, token, {"file_url": file_url}, details)


def prepare_handle(
    client: GraphClient, page_id: str, token: Secret, handle: str, details: VideoDetails
) -> PreparedVideo:
    """A video whose bytes went through an upload handle (`socialpub.graph.upload_handles`); here the token is the
    Page's. Unclear outcomes are as with `prepare_source`. Source: Video API, Publishing.
    """
    return _prepare_whole(client, page_id, token, {"fbuploader_video_file_chunk": handle}, details)


def send_video(client: GraphClient, prepared: PreparedVideo, on_answer: OnAnswer = go_on) -> AcceptedVideo:
    """Send what was prepared: one request that is never repeated.

    Raises a `GraphError`; `OutcomeUnknownError` also for a success that does not say so.
    Source: Graph API reference, Page videos.
    """
    response = client.send(prepared.call, on_answer)
    if prepared.video_id is None:
        return AcceptedVideo(require_id(prepared.call.call, response), response.usage)
    require_success(prepared.call.call, response)
    return AcceptedVideo(prepared.video_id, response.usage)


def read_video(client: GraphClient, video_id: str, token: Secret) -> VideoStatus:
    """What became of a video. Raises a `GraphError`: `InvalidPostError` when it does not exist.

    Source: Graph API reference, Video.
    """
    response = client.get(video_id, token=token, params={"fields": STATUS_FIELDS})
    return parse_video_status(response.body, secrets=[token.reveal()])


def _prepare_whole(
    client: GraphClient,
    page_id: str,
    token: Secret,
    fields: dict[str, Any],
    details: VideoDetails,
    *,
    files: dict[str, MediaFile] | None = None,
) -> PreparedVideo:
    return _prepare(client, page_id, token, {**fields, "published": False}, details, files=files)


def _prepare(
    client: GraphClient,
    page_id: str,
    token: Secret,
    fields: dict[str, Any],
    details: VideoDetails,
    *,
    files: dict[str, MediaFile] | None = None,
    video_id: str | None = None,
) -> PreparedVideo:
    thumb = {"thumb": details.thumb} if details.thumb else {}
    form = {**fields, "title": details.title, "description": details.description}
    order = Order("POST", f"{page_id}/videos", Host.VIDEO, form=form, files={**thumb, **(files or {})})
    return PreparedVideo(video_id, client.prepare(order, token))


def _describe_schedule(publish_at: datetime) -> dict[str, Any]:
    return {"published": False, "scheduled_publish_time": publish_at}
