"""Bringing the media of scheduled posts to Facebook hours ahead, so that a bad file shows before its second."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine

from socialpub.db.engine import transaction
from socialpub.db.posts import Run, find_posts_to_upload
from socialpub.errors import MediaRefusedError
from socialpub.media.limits import UploadLimits
from socialpub.services.arm import read_posts
from socialpub.services.check_assets import check_assets
from socialpub.services.publish import OpenToken
from socialpub.services.upload import LIFETIME, MediaUploader


def find_uploads(engine: Engine, run: Run, limits: UploadLimits, *, claim_ahead: timedelta) -> list[UUID]:
    """The posts whose media want to be uploaded now, the earliest first."""
    with transaction(engine, actor=str(run)) as session:
        return find_posts_to_upload(
            session,
            claim_ahead=claim_ahead,
            upload_ahead=limits.upload_ahead,
            lifetime=LIFETIME,
            max_posts=limits.max_posts,
        )


def preupload_post(uploader: MediaUploader, open_token: OpenToken, post_id: UUID) -> str:
    """Look at the post's files, then upload them; returns the post's name. An edit meanwhile voids what was uploaded.

    Raises `MediaRefusedError` with all that is wrong with the files, and what `MediaUploader.upload_assets` raises.
    """
    with transaction(uploader.engine, actor=uploader.actor) as session:
        [post] = read_posts(session, [post_id])
    findings = check_assets(uploader.engine, uploader.store, post.draft_id, uploader.limits, actor=uploader.actor)
    if errors := [str(finding) for finding in findings if finding.is_error]:
        raise MediaRefusedError(f"{post.name}: {' '.join(errors)}")
    token = open_token(post.page)
    uploader.upload_assets(post.draft_id, post.page, token, needed_until=post.due_at)
    return post.name
