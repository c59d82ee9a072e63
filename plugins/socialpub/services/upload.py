"""Photos and videos brought to Facebook before their post's second, unseen there, and never two times at once."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from uuid import UUID

from sqlalchemy import Engine, select

from socialpub.db.assets import Upload, add_cleanup, record_figures, save_upload
from socialpub.db.engine import transaction
from socialpub.db.locks import upload_lock
from socialpub.errors import InvalidPostError, MediaChangedError, MediaRefusedError
from socialpub.graph.client import GraphClient
from socialpub.graph.media import MediaFile
from socialpub.graph.photos import upload_photo
from socialpub.media.findings import Inspection, MediaFacts
from socialpub.media.inspect import inspect_media
from socialpub.media.limits import MediaLimits
from socialpub.media.reencode import MIME_TYPE, reencode_photo
from socialpub.media.source import MediaStore, StoredFile
from socialpub.models import AssetType, CleanupKind, DraftAsset, FacebookPageConnection, UploadState
from socialpub.models.secret import Secret
from socialpub.services.check_assets import compare_figures

# Facebook deletes a photo that no post shows after about 24 hours (Graph API reference, Page photos).
LIFETIME = timedelta(hours=23)


@dataclass(frozen=True, slots=True)
class MediaUploader:
    """Uploads the assets of drafts. Safe to use from several threads."""

    engine: Engine
    client: GraphClient
    store: MediaStore
    limits: MediaLimits
    actor: str
    open_user_token: Callable[[FacebookPageConnection], Secret | None] | None = None
    """The token of the person behind a Page, where large videos are to go up by handles; None: in chunks."""

    def upload_assets(
        self,
        draft_id: UUID,
        page: FacebookPageConnection,
        token: Secret,
        *,
        needed_until: datetime,
        is_temporary: bool = False,
    ) -> list[DraftAsset]:
        """Upload what is not at Facebook yet, or would not live until then; returns the assets in order, all uploaded.

        `is_temporary` is for the photos of a native scheduled post. Raises a `GraphError` or a `MediaError` that names
        the file; what was uploaded before it stays until the draft fails, is edited or canceled.
        """
        with upload_lock(self.engine, draft_id):
            for asset in self._load(draft_id):
                if not is_uploaded(asset, needed_until=needed_until, is_temporary=is_temporary):
                    self._upload(asset, page, token, is_temporary=is_temporary)
            return self._load(draft_id)

    def _load(self, draft_id: UUID) -> list[DraftAsset]:
        statement = select(DraftAsset).where(DraftAsset.draft_id == draft_id).order_by(DraftAsset.position)
        with transaction(self.engine, actor=self.actor) as session:
            return list(session.scalars(statement).all())

    def _upload(self, asset: DraftAsset, page: FacebookPageConnection, token: Secret, *, is_temporary: bool) -> None:
        try:
            if asset.type == AssetType.VIDEO:
                from socialpub.services.upload_video import upload_video

                upload_video(self, asset, page, token)
            else:
                self._upload_photo(asset, page, token, is_temporary=is_temporary)
        except InvalidPostError as refusal:
            raise MediaRefusedError(
                f"Facebook refused “{asset.storage_path}”: {refusal.message}",
                next_step=refusal.next_step or "store another file and have the draft approved again.",
            ) from refusal

    def _upload_photo(
        self, asset: DraftAsset, page: FacebookPageConnection, token: Secret, *, is_temporary: bool
    ) -> None:
        def send(source: MediaFile | str) -> str:
            return upload_photo(
                self.client, page.page_id, token, source, alt_text=asset.alt_text, is_temporary=is_temporary
            )

        if asset.public_url:
            photo_id = send(asset.public_url)
        else:
            file, content_type = self._open_photo(asset)
            with file.open_stream() as stream:
                photo_id = send(MediaFile(stream, file.size, asset.file_name, content_type))
        self.give_up_earlier(asset, page)
        self.save(asset, page, Upload(UploadState.UPLOADED, photo_id, is_temporary=is_temporary))

    def _open_photo(self, asset: DraftAsset) -> tuple[StoredFile, str]:
        """The file to send and its MIME type. Raises a `MediaError` unless it is what was approved, and usable."""
        file = self.store.open(asset.storage_path)
        found = self.require_approved(asset, file)
        if found.needs_reencoding:
            return reencode_photo(file, self.limits.photo), MIME_TYPE
        return file, require_usable(found).mime_type

    def require_approved(self, asset: DraftAsset, file: StoredFile) -> Inspection:
        """Read the file, and fill in what nobody declared of it.

        Raises a `MediaError` unless it is what was approved, and usable.
        """
        found = inspect_media(file, AssetType(asset.type), self.limits, may_reencode=asset.may_reencode)
        facts = require_usable(found)
        if differences := compare_figures(asset, facts):
            raise not_approved(asset, differences)
        with transaction(self.engine, actor=self.actor) as session:
            record_figures(
                session,
                asset.id,
                asset.file_version,
                size_bytes=facts.size_bytes,
                checksum_sha256=facts.checksum_sha256,
                mime_type=facts.mime_type,
            )
        return found

    def open_thumbnail(self, asset: DraftAsset, files: ExitStack) -> MediaFile | None:
        """The picture for a video, open until `files` are closed; a `MediaError` for one that is not usable."""
        if not asset.thumbnail_path:
            return None
        file = self.store.open(asset.thumbnail_path)
        facts = require_usable(inspect_media(file, AssetType.PHOTO, self.limits))
        stream = files.enter_context(file.open_stream())
        return MediaFile(stream, file.size, PurePosixPath(asset.thumbnail_path).name, facts.mime_type)

    def give_up_earlier(self, asset: DraftAsset, page: FacebookPageConnection) -> None:
        """What an earlier upload left is nobody's as soon as another takes its place."""
        if asset.facebook_media_id:
            self._clean_up(asset, page, asset.facebook_media_id, asset.upload_session_id, "It was uploaded again.")

    def save(self, asset: DraftAsset, page: FacebookPageConnection, upload: Upload) -> None:
        """Write down how far it is. Raises `MediaChangedError` when nobody wants it any more."""
        with transaction(self.engine, actor=self.actor) as session:
            is_saved = save_upload(session, asset.id, asset.upload_ticket, upload)
        if not is_saved and upload.media_id:
            self._clean_up(asset, page, upload.media_id, upload.session_id, "The draft was changed meanwhile.")
        if not is_saved:
            raise MediaChangedError(
                f"“{asset.storage_path}” was uploaded for a draft that was edited or canceled meanwhile.",
                next_step="nothing: an edited draft is uploaded anew once it is approved and scheduled.",
            )

    def _clean_up(
        self, asset: DraftAsset, page: FacebookPageConnection, media_id: str, session_id: str | None, reason: str
    ) -> None:
        with transaction(self.engine, actor=self.actor) as session:
            add_cleanup(
                session,
                connection_id=page.id,
                media_id=media_id,
                kind=CleanupKind(asset.type),
                reason=reason,
                upload_session_id=session_id,
            )


def require_usable(found: Inspection) -> MediaFacts:
    """What the file is. Raises `MediaRefusedError` with the first reason why Facebook would not take it."""
    for finding in found.errors:
        raise MediaRefusedError(finding.words, next_step=finding.next_step)
    assert found.facts is not None, "a file without an error has its facts"
    return found.facts


def is_uploaded(asset: DraftAsset, *, needed_until: datetime, is_temporary: bool = False) -> bool:
    """Whether Facebook has all of it and keeps it until then."""
    return (
        asset.upload_state == UploadState.UPLOADED
        and asset.facebook_media_id is not None
        and asset.uploaded_at is not None
        and asset.uploaded_at + LIFETIME >= needed_until
        and asset.is_temporary == is_temporary
    )


def not_approved(asset: DraftAsset, differences: list[str]) -> MediaChangedError:
    """For a file that differs from what its row says of it."""
    return MediaChangedError(
        f"“{asset.storage_path}” is not the file that was approved: {'; '.join(differences)}.",
        next_step="put the approved file back, or have the draft approved with the new one.",
    )
