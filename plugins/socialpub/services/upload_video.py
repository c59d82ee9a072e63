"""A video's way to Facebook: small ones and public URLs in one request, unpublished; all others in parts."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select

from socialpub.db.assets import Upload
from socialpub.db.engine import transaction
from socialpub.errors import (
    AppRefusedError,
    InvalidPostError,
    OutcomeUnknownError,
    PermissionRefusedError,
    TokenRefusedError,
    TryAgainError,
)
from socialpub.graph import video_upload
from socialpub.graph.client import GraphClient
from socialpub.graph.media import MediaFile
from socialpub.graph.read_back import CLOCK_TOLERANCE
from socialpub.graph.video_lists import PageVideo, find_videos, list_videos
from socialpub.graph.video_upload import VideoUpload
from socialpub.graph.videos import (
    PreparedVideo,
    VideoDetails,
    prepare_file_url,
    prepare_handle,
    prepare_source,
    send_video,
)
from socialpub.media.inspect import inspect_media
from socialpub.media.source import StoredFile
from socialpub.models import (
    AssetType,
    CleanupKind,
    DraftAsset,
    EventPostDraft,
    FacebookPageConnection,
    MediaCleanup,
    UploadState,
)
from socialpub.models.secret import Secret
from socialpub.services.upload import not_approved, require_usable
from socialpub.services.video_bytes import send_video_bytes
from socialpub.services.video_handle import FILE_TYPE, send_to_handle

if TYPE_CHECKING:
    from socialpub.services.upload import MediaUploader

log = logging.getLogger(__name__)


Prepare = Callable[[VideoDetails], PreparedVideo]


def upload_video(uploader: MediaUploader, asset: DraftAsset, page: FacebookPageConnection, token: Secret) -> None:
    """Raises as `MediaUploader.upload_assets` does."""
    to_page = uploader.client, page.page_id, token
    if asset.public_url:
        _make_video(uploader, asset, page, token, partial(prepare_file_url, *to_page, asset.public_url))
        return
    file = uploader.store.open(asset.storage_path)
    if asset.size_bytes not in (None, file.size):
        raise not_approved(asset, [f"its size in bytes is {file.size}, not {asset.size_bytes}"])
    if file.size <= uploader.limits.video.single_request_bytes:
        # Checked before it is sent, so that a video which is found again is known to be the approved one.
        facts = require_usable(uploader.require_approved(asset, file))
        with file.open_stream() as stream:
            content = MediaFile(stream, file.size, asset.file_name, facts.mime_type)
            _make_video(uploader, asset, page, token, partial(prepare_source, *to_page, content))
    elif handle := _upload_to_handle(uploader, asset, page, file):
        _make_video(uploader, asset, page, token, partial(prepare_handle, *to_page, handle), handle=handle)
    else:
        _upload_in_chunks(uploader, asset, page, token, file)


def _upload_in_chunks(
    uploader: MediaUploader, asset: DraftAsset, page: FacebookPageConnection, token: Secret, file: StoredFile
) -> None:
    if not uploader.limits.video.min_bytes <= file.size <= uploader.limits.video.max_bytes:
        require_usable(inspect_media(file, AssetType.VIDEO, uploader.limits))
    begun = read_upload(asset, page.page_id, file.size)
    if begun is None:
        uploader.give_up_earlier(asset, page)
    save = _saver(uploader, asset, page, UploadState.UPLOADING)
    upload, checksum = send_video_bytes(uploader.client, page.page_id, token, file, begun, save)
    if asset.checksum_sha256 not in (None, checksum):
        video_upload.cancel(uploader.client, token, upload)
        raise not_approved(asset, [f"its SHA-256 is {checksum}, not {asset.checksum_sha256}"])
    _saver(uploader, asset, page, UploadState.UPLOADED)(upload)


def read_upload(asset: DraftAsset, page_id: str, file_size: int) -> VideoUpload | None:
    """Where the saved upload of a video came to; None when there is none to go on with."""
    if asset.upload_session_id is None or asset.facebook_media_id is None:
        return None
    assert asset.upload_start_offset is not None and asset.upload_end_offset is not None, "saved with their session"
    offsets = asset.upload_start_offset, asset.upload_end_offset
    return VideoUpload(page_id, file_size, asset.upload_session_id, asset.facebook_media_id, *offsets)


def _saver(
    uploader: MediaUploader, asset: DraftAsset, page: FacebookPageConnection, state: UploadState
) -> Callable[[VideoUpload], None]:
    def save(upload: VideoUpload) -> None:
        offsets = upload.start_offset, upload.end_offset
        uploader.save(asset, page, Upload(state, upload.video_id, upload.session_id, *offsets))

    return save


def _upload_to_handle(
    uploader: MediaUploader, asset: DraftAsset, page: FacebookPageConnection, file: StoredFile
) -> str | None:
    """None where the bytes have to take another way: no person's token, no MP4, or begun in chunks already."""
    user_token = uploader.open_user_token(page) if uploader.open_user_token else None
    if user_token is None or asset.mime_type != FILE_TYPE or asset.facebook_media_id is not None:
        return None
    if asset.upload_handle:
        return asset.upload_handle

    def save(session_id: str) -> None:
        uploader.save(asset, page, Upload(UploadState.UPLOADING, session_id=session_id))

    begun = asset.upload_session_id
    try:
        handle, checksum = send_to_handle(uploader.client, user_token, file, asset.file_name, begun, save)
    except (TokenRefusedError, PermissionRefusedError, AppRefusedError, InvalidPostError) as refusal:
        log.warning("“%s” goes up in chunks, its person's token is of no use: %s", asset.storage_path, refusal)
        return None
    if asset.checksum_sha256 not in (None, checksum):
        raise not_approved(asset, [f"its SHA-256 is {checksum}, not {asset.checksum_sha256}"])
    return handle


def _make_video(
    uploader: MediaUploader,
    asset: DraftAsset,
    page: FacebookPageConnection,
    token: Secret,
    prepare: Prepare,
    *,
    handle: str | None = None,
) -> None:
    """Have the request made a video, unpublished.

    That it is on its way is saved before it leaves: the next try looks for the video before it sends another.
    """
    with ExitStack() as files:
        details = VideoDetails(asset.title, _read_text(uploader, asset), uploader.open_thumbnail(asset, files))
        video_id = _find_lost(uploader, asset, page, token, details)
        if video_id is None:
            uploader.give_up_earlier(asset, page)
            uploader.save(asset, page, Upload(UploadState.UPLOADING, handle=handle))
            video_id = _send(uploader.client, prepare(details))
    uploader.save(asset, page, Upload(UploadState.UPLOADED, video_id))


def _send(client: GraphClient, prepared: PreparedVideo) -> str:
    try:
        return send_video(client, prepared).video_id
    except OutcomeUnknownError as error:
        failure = error.failure
    # Nobody sees what may have come of it, so another try is harmless.
    raise TryAgainError(failure, next_step="it is looked for before it is uploaded again.")


def _read_text(uploader: MediaUploader, asset: DraftAsset) -> str | None:
    with transaction(uploader.engine, actor=uploader.actor) as session:
        return session.get_one(EventPostDraft, asset.draft_id).body or None


def _find_lost(
    uploader: MediaUploader, asset: DraftAsset, page: FacebookPageConnection, token: Secret, details: VideoDetails
) -> str | None:
    """The video that an earlier request made without our learning its id. Raises a `GraphError`.

    Unless it is beyond doubt another one is uploaded: what is left over stays unpublished, so nobody sees it.
    """
    if asset.upload_state != UploadState.UPLOADING or asset.facebook_media_id or asset.upload_session_id:
        return None
    begun_at: datetime = asset.updated_at
    listed = list_videos(uploader.client, page.page_id, token, since=begun_at - CLOCK_TOLERANCE)
    unpublished = [video for video in listed if video.is_published is False]
    known_ids = _read_known_ids(uploader, unpublished)
    found = find_videos(unpublished, details=details, not_before=begun_at, known_ids=known_ids)
    if len(found) != 1:
        return None
    log.info("%s: Facebook has it as %s, although its answer was lost", asset.storage_path, found[0].id)
    return found[0].id


def _read_known_ids(uploader: MediaUploader, videos: list[PageVideo]) -> set[str]:
    """Those of them that are another asset's, or are to be deleted."""
    ids = [video.id for video in videos]
    assets = select(DraftAsset.facebook_media_id).where(DraftAsset.facebook_media_id.in_(ids))
    cleanups = select(MediaCleanup.media_id).where(
        MediaCleanup.media_id.in_(ids), MediaCleanup.kind == CleanupKind.VIDEO
    )
    with transaction(uploader.engine, actor=uploader.actor) as session:
        return {known for known in session.scalars(assets.union(cleanups)) if known}
