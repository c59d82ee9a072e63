"""Looking an unconfirmed video up: what publishes it names its id, so the video itself is asked."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from socialpub.db.assets import Upload, add_cleanup, save_upload
from socialpub.errors import InvalidPostError, UploadSessionOverError
from socialpub.graph.client import GraphClient
from socialpub.graph.page_post import PagePost
from socialpub.graph.read_back import Absent, Found
from socialpub.graph.video_status import VideoState
from socialpub.graph.videos import read_video
from socialpub.models import CleanupKind, UploadState
from socialpub.models.secret import Secret
from socialpub.services.arm import LoadedPost
from socialpub.services.outcomes import Trouble
from socialpub.services.processing import describe_failure, name_post


@dataclass(frozen=True, slots=True)
class InProcess:
    """Facebook has the video and works on it."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Facebook has the video and can't use it."""

    trouble: Trouble


VideoReadBack = Found | Absent | InProcess | Rejected


def look_for_video(client: GraphClient, post: LoadedPost, token: Secret) -> VideoReadBack:
    """Absent means that what publishes it never arrived, or that there is no such video. Raises a `GraphError`."""
    assert post.video is not None, "asked of videos only"
    video_id = post.video.facebook_media_id
    if video_id is None:
        return Absent()
    try:
        status = read_video(client, video_id, token)
    except InvalidPostError:
        return Absent()
    match status.state:
        case VideoState.READY if status.is_published is not False:
            post_id = name_post(post, status)
            return Found(PagePost(post_id, None, None, status.permalink_url, None, None, is_published=True))
        case VideoState.FAILED:
            return Rejected(describe_failure(status))
        case VideoState.UPLOADING:
            return Absent()
        case VideoState.READY if post.video.upload_session_id is None:  # It came whole; what publishes it did not.
            return Absent()
        case _:
            return InProcess()


def forget_dead_upload(session: Session, post: LoadedPost) -> None:
    """Have the video uploaded anew if its session is over. A living one is ended again: it makes one video at most."""
    video, attempt = post.video, post.attempt
    if video is None or attempt is None or attempt.error_class != UploadSessionOverError.__name__:
        return
    if video.facebook_media_id and save_upload(
        session, video.id, video.upload_ticket, Upload(UploadState.NOT_UPLOADED)
    ):
        add_cleanup(
            session,
            connection_id=post.page.id,
            media_id=video.facebook_media_id,
            kind=CleanupKind.VIDEO,
            reason="Its upload was over before its end arrived.",
            upload_session_id=video.upload_session_id,
        )
