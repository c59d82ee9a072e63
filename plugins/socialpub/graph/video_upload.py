"""Chunked upload of a video, step by step: each step is one request, and what has to be saved is its return value.

Facebook dictates the chunks. Nothing is on the Page before the upload is finished (`socialpub.graph.videos`), and the
id of the video is known before its first byte leaves, so an interrupted upload goes on where Facebook stands and an
unclear end can be looked up. Source: Graph API reference, Page videos, and Meta's SDKs for Python and PHP.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from socialpub.errors import UploadSessionOverError, WrongOffsetError
from socialpub.graph.answers import parse_id, require_success, unusable_answer
from socialpub.graph.client import GraphClient, GraphResponse
from socialpub.graph.interpret import Call
from socialpub.graph.media import MediaFile, Readable
from socialpub.graph.offsets import parse_offsets
from socialpub.graph.prepare import Order
from socialpub.graph.settings import Host
from socialpub.models.secret import Secret


@dataclass(frozen=True, slots=True)
class VideoUpload:
    """Where an upload stands: Facebook wants the bytes from `start_offset` up to `end_offset`, exclusive, next."""

    page_id: str
    file_size: int
    session_id: str
    video_id: str
    start_offset: int
    end_offset: int

    @property
    def is_complete(self) -> bool:
        """Whether Facebook has every byte, so that the upload can be finished."""
        return self.start_offset == self.end_offset

    @property
    def chunk_size(self) -> int:
        return self.end_offset - self.start_offset


def start(client: GraphClient, page_id: str, token: Secret, file_size: int) -> VideoUpload:
    """Open an upload session for a file of so many bytes. May be repeated: a session without an end publishes nothing.

    Raises a `GraphError`; whatever is unclear is a `TryAgainError`.
    """
    call, response = _post(client, page_id, token, {"upload_phase": "start", "file_size": file_size})
    session_id, video_id = parse_id(response.body.get("upload_session_id")), parse_id(response.body.get("video_id"))
    if session_id is None or video_id is None:
        raise unusable_answer(call, "The answer holds no upload session and no video.", response)
    begun = VideoUpload(page_id, file_size, session_id, video_id, 0, file_size)
    return _move(begun, call, response)


def transfer(client: GraphClient, token: Secret, upload: VideoUpload, chunk: Readable) -> VideoUpload:
    """Send the chunk that Facebook wants, read from `chunk` as it is sent, and return where the upload stands now.

    `chunk` stands at byte `start_offset` of the file. When Facebook has another part than that (it took a chunk whose
    answer was lost), it is not an error: the upload comes back with the offsets to go on at, and the caller counts how
    often it made no progress. Raises a `GraphError`:
    - `UploadSessionOverError`: only a new session helps;
    - `TryAgainError`: the same chunk may be sent again, and after a while should be;
    - `InvalidPostError`: Facebook can't use the file, or it ends before the chunk does.
    """
    if upload.is_complete:
        return upload
    fields = {"upload_phase": "transfer", "upload_session_id": upload.session_id, "start_offset": upload.start_offset}
    file = MediaFile(chunk, upload.chunk_size, "chunk", "application/octet-stream")
    try:
        call, response = _post(client, upload.page_id, token, fields, files={"video_file_chunk": file})
    except WrongOffsetError as error:
        if error.end_offset > upload.file_size:
            raise
        return replace(upload, start_offset=error.start_offset, end_offset=error.end_offset)
    return _move(upload, call, response)


def cancel(client: GraphClient, token: Secret, upload: VideoUpload) -> None:
    """Give an unfinished upload up. May be repeated: a session that is over already is as good as canceled.

    One that is over because it was finished has made a video, which only `nodes.delete_node` takes away.
    """
    try:
        fields = {"upload_phase": "cancel", "upload_session_id": upload.session_id}
        call, response = _post(client, upload.page_id, token, fields)
    except UploadSessionOverError:
        return
    require_success(call, response)


def _post(
    client: GraphClient,
    page_id: str,
    token: Secret,
    fields: dict[str, Any],
    *,
    files: dict[str, MediaFile] | None = None,
) -> tuple[Call, GraphResponse]:
    order = Order("POST", f"{page_id}/videos", Host.VIDEO, form=fields, files=files or {}, is_repeatable=True)
    prepared = client.prepare(order, token)
    return prepared.call, client.send(prepared)


def _move(upload: VideoUpload, call: Call, response: GraphResponse) -> VideoUpload:
    offsets = parse_offsets(response.body)
    if offsets is None or offsets[1] > upload.file_size:
        raise unusable_answer(call, "The answer does not say which part of the file is next.", response)
    return replace(upload, start_offset=offsets[0], end_offset=offsets[1])
