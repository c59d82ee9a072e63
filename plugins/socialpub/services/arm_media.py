"""Arming a post with media: what is not at Facebook yet is brought there before, so that its second costs little."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial

from socialpub.graph.client import GraphClient, OnAnswer
from socialpub.graph.posts import PublishedPost, prepare_feed_post, send_feed_post
from socialpub.graph.videos import (
    AcceptedVideo,
    PreparedVideo,
    VideoDetails,
    prepare_finish,
    prepare_publication,
    send_video,
)
from socialpub.models import DraftAsset
from socialpub.models.secret import Secret
from socialpub.services.arm import LoadedPost, build_content
from socialpub.services.upload import MediaUploader
from socialpub.services.upload_video import read_upload


def arm_media(
    client: GraphClient,
    uploader: MediaUploader,
    post: LoadedPost,
    token: Secret,
    *,
    needed_until: datetime | None = None,
    publish_at: datetime | None = None,
) -> Callable[[OnAnswer], PublishedPost | AcceptedVideo]:
    """The request that publishes the post, ready to leave. Raises a `GraphError` or `MediaError`; nothing was sent.

    With `publish_at` it hands the post over to Facebook, which publishes it then; by `needed_until` it has left.
    """
    assets = uploader.upload_assets(
        post.draft_id,
        post.page,
        token,
        needed_until=needed_until or post.due_at,
        is_temporary=publish_at is not None and post.video is None,
    )
    if post.video is not None:
        return _arm_video(client, uploader, post, assets[0], token, publish_at)
    content = build_content(post.content.message or "", post.content.link, assets)
    content = replace(content, scheduled_publish_time=publish_at)
    return partial(send_feed_post, client, prepare_feed_post(client, post.page.page_id, token, content))


def _arm_video(
    client: GraphClient,
    uploader: MediaUploader,
    post: LoadedPost,
    video: DraftAsset,
    token: Secret,
    publish_at: datetime | None,
) -> Callable[[OnAnswer], AcceptedVideo]:
    """The end of a chunked upload publishes it, with its texts; one that came whole has them and is unpublished."""
    upload = read_upload(video, post.page.page_id, video.upload_end_offset or 0)
    if upload is None:
        assert video.facebook_media_id is not None, "an uploaded video has its id"
        return partial(send_video, client, prepare_publication(client, video.facebook_media_id, token, publish_at))
    files = ExitStack()
    details = VideoDetails(video.title, post.content.message, uploader.open_thumbnail(video, files))
    return partial(_send_video, client, prepare_finish(client, token, upload, details, publish_at), files)


def _send_video(client: GraphClient, prepared: PreparedVideo, files: ExitStack, on_answer: OnAnswer) -> AcceptedVideo:
    with files:
        return send_video(client, prepared, on_answer)
