"""Whole lives of videos over HTTP against the sandbox: cut, lied to, found again, and on the Page once."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from graph_sandbox.samples import make_png, make_video
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_PAGE
from socialpub import errors
from socialpub.graph.client import GraphClient
from socialpub.graph.media import MediaFile
from socialpub.graph.nodes import delete_node
from socialpub.graph.posts import list_published_posts, read_post
from socialpub.graph.scheduled import cancel_schedule, publish_video_now, reschedule
from socialpub.graph.video_lists import find_videos, list_videos
from socialpub.graph.video_status import VideoState
from socialpub.graph.video_upload import VideoUpload, cancel, start, transfer
from socialpub.graph.videos import (
    VideoDetails,
    prepare_file_url,
    prepare_finish,
    prepare_publication,
    prepare_source,
    read_video,
    send_video,
)
from tests.graph.conftest import PAGE_TOKEN, UNCLEAR, answer

VIDEO = make_video(100_000)
SHA256 = hashlib.sha256(VIDEO).hexdigest()
CHUNK = 30_000
DETAILS = VideoDetails("Otwarcie", "Zażółć gęślą 🧙")


@pytest.fixture(autouse=True)
def small_chunks(sandbox: SandboxServer, client: GraphClient) -> Iterator[None]:
    sandbox.control.change_settings(chunk_bytes=CHUNK, processing_seconds=0)
    yield
    sandbox.control.clear_faults()


class Uploader:
    """What a caller does: it keeps the last upload it got, and sends again what may be sent again."""

    def __init__(self, client: GraphClient) -> None:
        self.client = client
        self.sent = 0
        self.failures = 0

    def run(self, upload: VideoUpload) -> VideoUpload:
        while not upload.is_complete:
            stream = io.BytesIO(VIDEO)
            stream.seek(upload.start_offset)
            try:
                upload = transfer(self.client, PAGE_TOKEN, upload, stream)
            except errors.TryAgainError:
                self.failures += 1
                assert self.failures < 10
            self.sent += stream.tell() - min(stream.tell(), upload.start_offset)
        return upload


def begin(client: GraphClient) -> VideoUpload:
    return start(client, DEFAULT_PAGE, PAGE_TOKEN, len(VIDEO))


def finish(
    client: GraphClient, upload: VideoUpload, details: VideoDetails = DETAILS, publish_at: datetime | None = None
) -> str:
    return send_video(client, prepare_finish(client, PAGE_TOKEN, upload, details, publish_at)).video_id


def source(client: GraphClient, details: VideoDetails = DETAILS) -> str:
    file = MediaFile(io.BytesIO(VIDEO), len(VIDEO), "gates.mp4", "video/mp4")
    return send_video(client, prepare_source(client, DEFAULT_PAGE, PAGE_TOKEN, file, details)).video_id


def test_a_video_in_chunks_arrives_whole_and_goes_live(sandbox: SandboxServer, client: GraphClient) -> None:
    """Its id is known from the start; its post is another one."""
    begun = begin(client)
    assert (begun.start_offset, begun.end_offset) == (0, CHUNK)
    upload = Uploader(client).run(begun)
    assert read_video(client, upload.video_id, PAGE_TOKEN).state is VideoState.UPLOADING
    assert finish(client, upload) == begun.video_id
    status = read_video(client, upload.video_id, PAGE_TOKEN)
    assert (status.state, status.is_published, status.errors) == (VideoState.READY, True, ())
    [video] = sandbox.control.videos(DEFAULT_PAGE)
    assert (video.sha256, video.title, video.description) == (SHA256, DETAILS.title, DETAILS.description)
    post = read_post(client, status.post_id or "", PAGE_TOKEN)
    assert (post.media_ids, post.message) == ((upload.video_id,), DETAILS.description)


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize(
    "fault",
    [*(f"committed_then_{end}" for end in UNCLEAR), "committed_then_wrong_offset", "upload_wrong_offset",
     "upload_wrong_offset_text", "upload_lost_chunk", "upload_cut", "upload_stall", "upload_transient", "upload_6001",
     *(f"upload_6000_{subcode}" for subcode in (1363019, 1363021, 1363030, 1363033)), "reset", "html_502"],
)  # fmt: skip
def test_an_upload_survives_any_fault_of_any_chunk(
    sandbox: SandboxServer, client: GraphClient, fault: str, number: int
) -> None:
    """The bytes arrive in their places; at most one chunk of them twice (two if Facebook loses one itself)."""
    sandbox.control.add_fault(fault, edge="videos", phase="transfer", skip=number, after_bytes=5_000)
    uploader = Uploader(client)
    finish(client, uploader.run(begin(client)))
    assert sandbox.control.faults() == [], "the fault never struck"
    [video] = sandbox.control.videos(DEFAULT_PAGE)
    assert (video.sha256, video.state) == (SHA256, "ready")
    allowed = 2 * CHUNK if fault == "upload_lost_chunk" else CHUNK
    assert uploader.sent <= len(VIDEO) + allowed
    assert len(sandbox.control.posts(DEFAULT_PAGE)) == 1


@pytest.mark.parametrize("number", range(4))
def test_an_upload_goes_on_from_what_was_saved(sandbox: SandboxServer, client: GraphClient, number: int) -> None:
    """The worker died after a chunk had arrived and before it wrote that down."""
    saved = upload = begin(client)
    for _ in range(number + 1):
        saved = upload
        stream = io.BytesIO(VIDEO)
        stream.seek(upload.start_offset)
        upload = transfer(client, PAGE_TOKEN, upload, stream)
    uploader = Uploader(client)
    finish(client, uploader.run(saved))
    assert sandbox.control.videos(DEFAULT_PAGE)[0].sha256 == SHA256
    assert uploader.sent <= len(VIDEO) - saved.start_offset


@pytest.mark.parametrize("end", UNCLEAR)
@pytest.mark.parametrize("is_committed", [True, False])
def test_an_unclear_end_is_settled_by_the_video_itself(
    sandbox: SandboxServer, client: GraphClient, end: str, is_committed: bool
) -> None:
    """Finished or not: its state tells, and a second end makes no second video."""
    fault = f"committed_then_{end}" if is_committed else "reset"
    upload = Uploader(client).run(begin(client))
    sandbox.control.add_fault(fault, method="POST", edge="videos")
    with pytest.raises(errors.OutcomeUnknownError):
        finish(client, upload)
    state = read_video(client, upload.video_id, PAGE_TOKEN).state
    assert state is (VideoState.READY if is_committed else VideoState.UPLOADING)
    if is_committed:
        with pytest.raises(errors.OutcomeUnknownError):
            finish(client, upload)
    else:
        finish(client, upload)
    assert len(sandbox.control.posts(DEFAULT_PAGE)) == 1


def test_a_video_is_processing_before_it_is_ready(sandbox: SandboxServer, client: GraphClient) -> None:
    """Accepted is not live."""
    sandbox.control.change_settings(processing_seconds=100)
    video_id = source(client)
    sandbox.control.advance_clock(50)
    status = read_video(client, video_id, PAGE_TOKEN)
    assert (status.state, status.is_published, status.post_id) == (VideoState.PROCESSING, False, None)
    assert 49 <= (status.progress or 0) <= 60
    sandbox.control.advance_clock(51)
    assert read_video(client, video_id, PAGE_TOKEN).state is VideoState.READY


def test_a_video_that_can_not_be_processed_says_why(sandbox: SandboxServer, client: GraphClient) -> None:
    """With Facebook's words and code."""
    sandbox.control.add_fault("video_processing_error", edge="videos", code=1363026, error_message="Too long.")
    status = read_video(client, source(client), PAGE_TOKEN)
    assert (status.state, status.errors) == (VideoState.FAILED, ("processing: Too long. (code 1363026)",))


def test_an_upload_that_came_to_nothing_says_so(sandbox: SandboxServer, client: GraphClient) -> None:
    """After its session's time: the chunk, the video, and giving up, which is done already."""
    upload = begin(client)
    sandbox.control.advance_clock(25 * 3600)
    with pytest.raises(errors.UploadSessionOverError):
        transfer(client, PAGE_TOKEN, upload, io.BytesIO(VIDEO))
    assert read_video(client, upload.video_id, PAGE_TOKEN).state is VideoState.FAILED
    cancel(client, PAGE_TOKEN, upload)


def test_an_upload_is_given_up(sandbox: SandboxServer, client: GraphClient) -> None:
    """Its video is gone; doing it twice is no mistake."""
    upload = begin(client)
    for _ in range(2):
        cancel(client, PAGE_TOKEN, upload)
    assert sandbox.control.videos(DEFAULT_PAGE) == []


@pytest.mark.parametrize("size", [0, 1_000, 3 * 1_024**3])
def test_a_size_that_no_video_may_have_is_refused_at_the_start(client: GraphClient, size: int) -> None:
    """Before a byte of it is sent."""
    with pytest.raises(errors.InvalidPostError):
        start(client, DEFAULT_PAGE, PAGE_TOKEN, size)


def test_a_file_that_is_no_video_is_refused(client: GraphClient) -> None:
    """As the post's mistake."""
    content = make_png(size=500) + bytes(2_000)
    file = MediaFile(io.BytesIO(content), len(content), "a.mp4", "video/mp4")
    with pytest.raises(errors.InvalidPostError):
        send_video(client, prepare_source(client, DEFAULT_PAGE, PAGE_TOKEN, file, DETAILS))


@pytest.mark.parametrize("end", UNCLEAR)
def test_a_video_in_one_request_whose_answer_is_lost_is_found_in_the_list(
    sandbox: SandboxServer, client: GraphClient, end: str
) -> None:
    """By its words: its id was the answer."""
    started = datetime.now(UTC)
    other = source(client, VideoDetails("Another", "Something else"))
    sandbox.control.add_fault(f"committed_then_{end}", method="POST", edge="videos")
    with pytest.raises(errors.OutcomeUnknownError):
        source(client)
    videos = list_videos(client, DEFAULT_PAGE, PAGE_TOKEN, since=started - timedelta(seconds=30))
    [found] = find_videos(videos, details=DETAILS, not_before=started, known_ids=())
    assert found.id != other
    assert found.is_published is False
    assert len(sandbox.control.videos(DEFAULT_PAGE)) == 2


@pytest.mark.parametrize("end", UNCLEAR)
@pytest.mark.parametrize("is_committed", [True, False])
def test_an_unclear_publication_is_settled_by_the_video_itself(
    sandbox: SandboxServer, client: GraphClient, end: str, is_committed: bool
) -> None:
    """What came whole is on no Page before; published two times it is there once."""
    video_id = source(client)
    assert sandbox.control.posts(DEFAULT_PAGE) == []
    sandbox.control.add_fault(f"committed_then_{end}" if is_committed else "reset", method="POST", edge="video")
    with pytest.raises(errors.OutcomeUnknownError):
        send_video(client, prepare_publication(client, video_id, PAGE_TOKEN))
    assert read_video(client, video_id, PAGE_TOKEN).is_published is is_committed
    if not is_committed:
        send_video(client, prepare_publication(client, video_id, PAGE_TOKEN))
    assert len(sandbox.control.posts(DEFAULT_PAGE)) == 1


def test_a_video_is_fetched_from_its_public_url(serve, sandbox: SandboxServer, client: GraphClient) -> None:
    """And one that can't be fetched may be tried again."""
    server = serve(answer(VIDEO, headers={"Content-Type": "video/mp4"}))
    prepared = prepare_file_url(client, DEFAULT_PAGE, PAGE_TOKEN, f"{server.url}/gates.mp4", DETAILS)
    send_video(client, prepared)
    assert sandbox.control.videos(DEFAULT_PAGE)[0].sha256 == SHA256
    missing = serve(answer({}, status=404))
    prepared = prepare_file_url(client, DEFAULT_PAGE, PAGE_TOKEN, f"{missing.url}/gates.mp4", DETAILS)
    with pytest.raises(errors.TryAgainError) as caught:
        send_video(client, prepared)
    assert caught.value.failure.code == 389


def test_a_thumbnail_goes_with_the_end_of_the_upload(sandbox: SandboxServer, client: GraphClient) -> None:
    """A picture that is none is refused, and nothing is published."""
    upload = Uploader(client).run(begin(client))
    bad = MediaFile(io.BytesIO(b"no picture"), 10, "t.png", "image/png")
    with pytest.raises(errors.InvalidPostError):
        finish(client, upload, VideoDetails("T", thumb=bad))
    good = make_png(3)
    finish(client, upload, VideoDetails("T", thumb=MediaFile(io.BytesIO(good), len(good), "t.png", "image/png")))
    assert sandbox.control.videos(DEFAULT_PAGE)[0].thumb_sha256 == hashlib.sha256(good).hexdigest()


def test_a_scheduled_video_is_moved_published_or_canceled(sandbox: SandboxServer, client: GraphClient) -> None:
    """At its own node; it goes live by itself at its time."""
    due = datetime.now(UTC) + timedelta(hours=2)
    ids = []
    for _ in range(3):
        upload = Uploader(client).run(begin(client))
        ids.append(finish(client, upload, VideoDetails("T", "D"), due))
    waiting, early, canceled = ids
    status = read_video(client, waiting, PAGE_TOKEN)
    assert (status.is_published, status.scheduled_publish_time) == (False, due.replace(microsecond=0))
    later = due + timedelta(hours=2)
    for _ in range(2):
        reschedule(client, waiting, PAGE_TOKEN, later)
        cancel_schedule(client, canceled, PAGE_TOKEN)
    publish_video_now(client, early, PAGE_TOKEN)
    assert read_video(client, early, PAGE_TOKEN).is_published
    assert read_video(client, waiting, PAGE_TOKEN).scheduled_publish_time == later.replace(microsecond=0)
    sandbox.control.advance_clock(4 * 3600 + 1)
    assert read_video(client, waiting, PAGE_TOKEN).is_published
    posts = list_published_posts(client, DEFAULT_PAGE, PAGE_TOKEN, since=due - timedelta(days=1))
    assert [post.media_ids for post in posts] == [(waiting,), (early,)]


def test_a_video_is_deleted_once_and_gone_after_that(sandbox: SandboxServer, client: GraphClient) -> None:
    """With its post."""
    video_id = source(client)
    send_video(client, prepare_publication(client, video_id, PAGE_TOKEN))
    assert len(sandbox.control.posts(DEFAULT_PAGE)) == 1
    for _ in range(2):
        delete_node(client, video_id, PAGE_TOKEN)
    assert sandbox.control.posts(DEFAULT_PAGE) == []
    with pytest.raises(errors.InvalidPostError):
        read_video(client, video_id, PAGE_TOKEN)
