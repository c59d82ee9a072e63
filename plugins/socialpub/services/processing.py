"""A video that Facebook has and works on: it is published when Facebook says that it is, and not before."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from socialpub.errors import SocialpubError
from socialpub.graph.video_status import VideoState, VideoStatus
from socialpub.graph.videos import read_video
from socialpub.services.arm import LoadedPost
from socialpub.services.outcomes import Failed, Published, Trouble

if TYPE_CHECKING:
    from socialpub.services.publish import Publisher

log = logging.getLogger(__name__)


def settle_video(publisher: Publisher, post: LoadedPost) -> None:
    """Look once. No answer is no verdict: the post stays as it is, and is asked about again."""
    assert post.video is not None and post.video.facebook_media_id is not None, "a sent video has its id"
    video_id = post.video.facebook_media_id
    try:
        status = read_video(publisher.client, video_id, publisher.open_token(post.page))
    except SocialpubError as error:
        log.warning("%s: how far its video %s is can't be read now: %s", post.name, video_id, error)
        return
    now = publisher.clock.now()
    match status.state:
        case VideoState.READY if status.is_published is not False:
            publisher.record(post, Published(name_post(post, status), status.permalink_url), now=now)
        case VideoState.FAILED:
            publisher.record(post, Failed(describe_failure(status)), now=now)
        case VideoState.UPLOADING:  # No sign yet that the end of the upload arrived; the lease decides how long.
            log.info("%s: Facebook does not process the video %s yet", post.name, video_id)
        case _:
            publisher.keep_processing(post, video_id)


def name_post(post: LoadedPost, status: VideoStatus) -> str:
    """The full id of the post that shows the video: Facebook gives it without the Page's part at times, or not."""
    assert post.video is not None, "only a video has a status"
    post_id = status.post_id or post.video.facebook_media_id or ""
    return post_id if "_" in post_id else f"{post.page.page_id}_{post_id}"


def describe_failure(status: VideoStatus) -> Trouble:
    reason = f"Facebook could not process the video: {'; '.join(status.errors)}. Next: export it again, or another one."
    return Trouble(reason, "VideoFailed", None)
