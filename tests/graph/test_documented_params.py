"""A full run of everything the client can send, against the parameters that Facebook documents."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from socialpub.graph import comments, photos, posts, scheduled, upload_handles, video_lists, video_upload, videos
from socialpub.graph.client import GraphClient
from socialpub.graph.media import MediaFile
from socialpub.graph.nodes import delete_node
from socialpub.graph.posts import FeedPost
from socialpub.graph.proof import sign_token
from socialpub.graph.video_upload import VideoUpload
from socialpub.graph.videos import VideoDetails
from tests.graph.conftest import APP_SECRET, TOKEN, Seen, Serve, answer, open_client, take_apart
from tests.graph.documented_params import COMMON, DOCUMENTED, DOCUMENTED_HEADERS, edge_of
from tests.graph.publishing import publish_feed_post

# One answer that says yes to every question.
YES = {
    "id": "1_2",
    "success": True,
    "is_published": True,
    "data": [],
    "upload_session_id": "11",
    "video_id": "12",
    "start_offset": "0",
    "end_offset": "4",
    "h": "2:handle",
    "file_offset": 0,
}
NOW = datetime(2026, 11, 24, 18, tzinfo=UTC)
DUE = NOW + timedelta(days=1)
UPLOAD = VideoUpload("1", 4, "11", "12", 0, 4)
SESSION = "upload:abc=?sig=xyz"


def file_of(content: bytes = b"moov") -> MediaFile:
    return MediaFile(io.BytesIO(content), len(content), "gates.bin", "application/octet-stream")


def publish_video(prepare: Callable[..., videos.PreparedVideo], *source: object) -> Callable[[GraphClient], object]:
    def run(client: GraphClient) -> object:
        details = VideoDetails("T", "D", thumb=file_of())
        fresh = [file_of() if isinstance(part, MediaFile) else part for part in source]
        return videos.send_video(client, prepare(client, *fresh, details))

    return run


ALBUM = FeedPost("Hi", "https://a.example", ("5", "6"), DUE)
EVERYTHING: tuple[Callable[[GraphClient], object], ...] = (
    lambda client: publish_feed_post(client, "1", TOKEN, ALBUM),
    lambda client: posts.read_post(client, "1_2", TOKEN),
    lambda client: posts.list_published_posts(client, "1", TOKEN, since=NOW),
    lambda client: photos.upload_photo(client, "1", TOKEN, file_of(), alt_text="A", caption="C", is_temporary=True),
    lambda client: photos.upload_photo(client, "1", TOKEN, "https://a.example/b.png"),
    lambda client: photos.read_photo(client, "5", TOKEN),
    lambda client: delete_node(client, "5", TOKEN),
    lambda client: video_upload.start(client, "1", TOKEN, 4),
    lambda client: video_upload.transfer(client, TOKEN, UPLOAD, io.BytesIO(b"moov")),
    lambda client: video_upload.cancel(client, TOKEN, UPLOAD),
    publish_video(videos.prepare_finish, TOKEN, replace(UPLOAD, start_offset=4)),
    lambda client: videos.send_video(client, videos.prepare_publication(client, "12", TOKEN, DUE)),
    publish_video(videos.prepare_source, "1", TOKEN, file_of()),
    publish_video(videos.prepare_file_url, "1", TOKEN, "https://a.example/b.mp4"),
    publish_video(videos.prepare_handle, "1", TOKEN, "2:handle"),
    lambda client: videos.read_video(client, "12", TOKEN),
    lambda client: delete_node(client, "12", TOKEN),
    lambda client: video_lists.list_videos(client, "1", TOKEN, since=NOW),
    lambda client: upload_handles.send_bytes(client, TOKEN, SESSION, file_of(), offset=1),
    lambda client: upload_handles.read_offset(client, TOKEN, SESSION),
    lambda client: scheduled.list_scheduled_posts(client, "1", TOKEN),
    lambda client: scheduled.reschedule(client, "1_2", TOKEN, DUE),
    lambda client: scheduled.reschedule(client, "12", TOKEN, DUE),
    lambda client: scheduled.publish_post_now(client, "1_2", TOKEN),
    lambda client: scheduled.publish_video_now(client, "12", TOKEN),
    lambda client: scheduled.cancel_schedule(client, "1_2", TOKEN),
    lambda client: comments.add_comment(client, "1_2", TOKEN, "Hi"),
    lambda client: comments.list_comments(client, "1_2", TOKEN, since=NOW),
)


@pytest.fixture
def requests_of_a_full_run(serve: Serve, caplog: pytest.LogCaptureFixture) -> list[Seen]:
    caplog.set_level(logging.DEBUG)
    server, uploads = serve(answer(YES)), serve(answer({"id": SESSION}))
    client = open_client(server.url)
    for call in EVERYTHING:
        call(client)
    to_open = {"file_name": "a", "file_length": 4, "file_type": "video/mp4"}
    upload_handles.open_upload(open_client(uploads.url), TOKEN, **to_open)
    return [take_apart(request) for request in (*server.requests, *uploads.requests)]


def test_every_parameter_is_documented_for_its_edge(requests_of_a_full_run: list[Seen]):
    """And every edge of the table is really called, so that none is checked by not being there."""
    called = set()
    for seen in requests_of_a_full_run:
        edge = (seen.method, edge_of(seen.path))
        called.add(edge)
        names = {*seen.query, *seen.form, *seen.files}
        assert names <= DOCUMENTED[edge] | COMMON, edge
        assert None not in {*seen.query.values(), *seen.form.values()}
    assert called == set(DOCUMENTED)


def test_every_header_is_http_or_documented(requests_of_a_full_run: list[Seen]):
    """Facebook's own are the token and the offset of an upload."""
    http = {"host", "user-agent", "accept", "accept-encoding", "connection", "content-length", "content-type"}
    for seen in requests_of_a_full_run:
        assert {name.lower() for name in seen.headers} <= http | DOCUMENTED_HEADERS


def test_no_secret_is_in_an_address_that_need_not_be_there(requests_of_a_full_run: list[Seen], caplog):
    """The token never; the proof only where a request has no form that could carry it."""
    proof = sign_token(TOKEN, APP_SECRET).reveal()
    assert requests_of_a_full_run
    for seen in requests_of_a_full_run:
        assert TOKEN.reveal() not in seen.path + str(seen.query) + str(seen.form)
        assert TOKEN.reveal() in seen.headers["Authorization"]
        carried = seen.form if seen.form else seen.query
        assert carried["appsecret_proof"] == proof
        assert not (seen.form and seen.query.get("appsecret_proof"))
    for secret in (TOKEN.reveal(), proof, APP_SECRET.reveal()):
        assert secret not in caplog.text
