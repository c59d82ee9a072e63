"""The bytes of a video by the Resumable Upload API: under the app, with a person's token, up to a handle."""

from __future__ import annotations

import logging
from collections.abc import Callable

from socialpub.errors import InvalidPostError
from socialpub.graph.client import GraphClient
from socialpub.graph.media import MediaFile
from socialpub.graph.upload_handles import open_upload, read_offset, send_bytes
from socialpub.media.source import StoredFile
from socialpub.models.secret import Secret
from socialpub.services.video_bytes import HashedFile

log = logging.getLogger(__name__)

FILE_TYPE = "video/mp4"
"""The only MIME type of a video that the API takes (Graph API, Resumable Upload API)."""


def send_to_handle(
    client: GraphClient,
    user_token: Secret,
    file: StoredFile,
    file_name: str,
    begun: str | None,
    save: Callable[[str], None],
) -> tuple[str, str]:
    """Send what Facebook misses of the file; returns the handle and the SHA-256 of all of the file's bytes.

    `save` is called with the session before its first byte leaves; given to a later call as `begun`, it saves sending
    twice what has arrived. Raises a `GraphError` or `MediaError`.
    """
    session_id, offset = begun, _find_offset(client, user_token, begun)
    if session_id is None or offset is None:
        offset, length = 0, file.size
        session_id = open_upload(client, user_token, file_name=file_name, file_length=length, file_type=FILE_TYPE)
        save(session_id)
    with HashedFile(file) as content:
        content.seek(offset)
        rest = MediaFile(content, file.size - offset, file_name, FILE_TYPE)
        handle = send_bytes(client, user_token, session_id, rest, offset=offset)
        return handle, content.hexdigest()


def _find_offset(client: GraphClient, user_token: Secret, begun: str | None) -> int | None:
    """None when there is nothing to go on with."""
    if begun is None:
        return None
    try:
        return read_offset(client, user_token, begun)
    except InvalidPostError as error:
        log.warning("The upload starts anew: %s", error)
        return None
