"""Publishing a video, whichever way its bytes went, and what Facebook says of it afterwards."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from socialpub import errors
from socialpub.graph.client import GraphClient
from socialpub.graph.media import MediaFile
from socialpub.graph.nodes import delete_node
from socialpub.graph.video_lists import PageVideo, find_videos, list_videos
from socialpub.graph.video_status import VideoState, parse_video_status
from socialpub.graph.video_upload import VideoUpload
from socialpub.graph.videos import (
    PreparedVideo,
    VideoDetails,
    prepare_file_url,
    prepare_finish,
    prepare_handle,
    prepare_publication,
    prepare_source,
    read_video,
    send_video,
)
from tests.graph.conftest import TOKEN, Reply, SeenFile, answer, open_client, reset, silence, take_apart

UPLOAD = VideoUpload("1", 100, "11", "12", 100, 100)
DUE = datetime.fromisoformat("2026-11-24T18:00:00+01:00")
DETAILS = VideoDetails("Otwarcie", "Zażółć 🧙")
VIDEO_ID = {"id": "12"}


def file_of(content: bytes, name: str, content_type: str) -> MediaFile:
    return MediaFile(io.BytesIO(content), len(content), name, content_type)


def finish(client: GraphClient, details: VideoDetails = DETAILS, publish_at: datetime | None = None) -> PreparedVideo:
    return prepare_finish(client, TOKEN, UPLOAD, details, publish_at)


def source(client: GraphClient, details: VideoDetails = DETAILS) -> PreparedVideo:
    return prepare_source(client, "1", TOKEN, file_of(b"moov", "gates.mp4", "video/mp4"), details)


def file_url(client: GraphClient, details: VideoDetails = DETAILS) -> PreparedVideo:
    return prepare_file_url(client, "1", TOKEN, "https://cdn.example/gates.mp4", details)


def handle(client: GraphClient, details: VideoDetails = DETAILS) -> PreparedVideo:
    return prepare_handle(client, "1", TOKEN, "2:c2Ft\nc2Ft", details)


Prepare = Callable[..., PreparedVideo]
WAYS = [finish, source, file_url, handle]
OWN_FIELDS = {
    finish: {"upload_phase": "finish", "upload_session_id": "11"},
    source: {"published": "false"},
    file_url: {"published": "false", "file_url": "https://cdn.example/gates.mp4"},
    handle: {"published": "false", "fbuploader_video_file_chunk": "2:c2Ft\nc2Ft"},
}


@pytest.mark.parametrize("prepare", WAYS)
def test_each_way_says_what_it_brings_on_the_video_host(serve, prepare: Prepare):
    """Title and text as they were written, a handle with its line ends; what comes whole stays unpublished."""
    graph, video = serve(answer({})), serve(answer(VIDEO_ID | {"success": True}))
    client = open_client(graph.url, graph_video_url=video.url)
    prepared = prepare(client)
    assert video.requests == []
    assert send_video(client, prepared).video_id == "12"
    seen = take_apart(video.requests[0])
    assert (seen.method, seen.path, seen.query) == ("POST", "/v26.0/1/videos", {})
    assert seen.form.pop("appsecret_proof")
    assert seen.form == {"title": "Otwarcie", "description": "Zażółć 🧙", **OWN_FIELDS[prepare]}
    assert [file.content for file in seen.files.values()] == ([b"moov"] if prepare is source else [])
    assert graph.requests == []


@pytest.mark.parametrize("prepare", WAYS)
def test_a_thumbnail_goes_with_the_same_request(serve, prepare: Prepare):
    """Whichever way the video goes."""
    server = serve(answer(VIDEO_ID | {"success": True}))
    client = open_client(server.url)
    thumb = file_of(b"jpeg", "thumb.jpg", "image/jpeg")
    send_video(client, prepare(client, VideoDetails("T", "D", thumb=thumb)))
    assert take_apart(server.requests[0]).files["thumb"] == SeenFile("thumb.jpg", "image/jpeg", b"jpeg")


def publication(client: GraphClient, _: VideoDetails = DETAILS, publish_at: datetime | None = None) -> PreparedVideo:
    return prepare_publication(client, "12", TOKEN, publish_at)


@pytest.mark.parametrize("prepare", [finish, publication])
def test_what_publishes_a_video_may_name_a_later_time(serve, prepare: Prepare):
    """Whole seconds, unpublished until then."""
    server = serve(answer({"success": True}))
    client = open_client(server.url)
    assert send_video(client, prepare(client, DETAILS, DUE)).video_id == "12"
    seen = take_apart(server.requests[0])
    assert (seen.form["published"], seen.form["scheduled_publish_time"]) == ("false", "1795539600")


def test_a_video_that_came_whole_is_published_at_its_node(serve):
    """On the Graph host, and with nothing else than that."""
    graph, video = serve(answer({"success": True})), serve(answer({}))
    client = open_client(graph.url, graph_video_url=video.url)
    assert send_video(client, publication(client)).video_id == "12"
    seen = take_apart(graph.requests[0])
    assert seen.form.pop("appsecret_proof")
    assert (seen.path, seen.form, video.requests) == ("/v26.0/12", {"published": "true"}, [])


@pytest.mark.parametrize("prepare", [*WAYS, publication])
@pytest.mark.parametrize(
    "reply",
    [
        reset,
        silence,
        answer(b"<html>502</html>", status=502),
        answer({"error": {"message": "Please retry", "code": 2}}, status=500),
        answer({"error": {"message": "Please retry", "code": 6000, "error_subcode": 1363019}}, status=500),
        answer({"error": {"message": "Please retry", "code": 6001, "error_subcode": 1363030}}, status=400),
        answer({"error": {"message": "The session has expired", "code": 6000, "error_subcode": 1363041}}, status=400),
        answer({}),
        answer({"success": False}),
        answer({"id": ""}),
    ],
)
def test_whatever_is_unclear_may_have_been_carried_out(serve, prepare: Prepare, reply: Reply):
    """Each of these requests makes or publishes a video, and none is repeated by itself."""
    server = serve(reply)
    client = open_client(server.url)
    with pytest.raises(errors.OutcomeUnknownError):
        send_video(client, prepare(client))
    assert len(server.requests) == 1


@pytest.mark.parametrize("prepare", WAYS)
@pytest.mark.parametrize(
    ("code", "subcode", "kind"),
    [(100, None, errors.InvalidPostError), (382, None, errors.InvalidPostError), (389, None, errors.TryAgainError),
     (6000, 1363026, errors.InvalidPostError), (190, 460, errors.TokenRefusedError),
     (4, None, errors.RateLimitedError)],
)  # fmt: skip
def test_a_definite_refusal_published_nothing(
    serve, prepare: Prepare, code: int, subcode: int | None, kind: type[Exception]
):
    """And its class says what to do."""
    error = {"message": "No.", "code": code, "error_subcode": subcode}
    client = open_client(serve(answer({"error": error}, status=400)).url)
    with pytest.raises(kind):
        send_video(client, prepare(client))


def test_an_empty_video_is_refused_before_sending(serve):
    """As an empty photo is."""
    client = open_client(serve(answer(VIDEO_ID)).url)
    with pytest.raises(errors.InvalidPostError, match="is empty"):
        prepare_source(client, "1", TOKEN, file_of(b"", "gates.mp4", "video/mp4"), DETAILS)


def test_a_video_is_deleted_by_its_id(serve):
    """One that is gone already is as good as deleted."""
    gone = answer({"error": {"message": "Unsupported delete request", "code": 100, "error_subcode": 33}}, status=400)
    server = serve(answer({"success": True}), gone)
    client = open_client(server.url)
    for _ in range(2):
        delete_node(client, "12", TOKEN)
    assert {take_apart(request).path for request in server.requests} == {"/v26.0/12"}


def state_of(status: object) -> VideoState:
    return parse_video_status({"id": "12", "status": status}).state


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"video_status": "ready"}, VideoState.READY),
        ({"video_status": "processing"}, VideoState.PROCESSING),
        ({"video_status": "uploading"}, VideoState.UPLOADING),
        ({"video_status": "upload_complete"}, VideoState.UPLOADING),
        ({"video_status": "upload_complete", "processing_phase": {"status": "not_started"}}, VideoState.UPLOADING),
        ({"video_status": "upload_complete", "processing_phase": {"status": "in_progress"}}, VideoState.PROCESSING),
        ({"video_status": "error"}, VideoState.FAILED),
        ({"video_status": "expired"}, VideoState.FAILED),
        ({"video_status": "upload_failed"}, VideoState.FAILED),
        ({"video_status": "processing", "processing_phase": {"status": "error"}}, VideoState.FAILED),
        ({"video_status": "ready", "publishing_phase": {"status": "completed", "publish_status": "error"}},
         VideoState.FAILED),
        ({"video_status": "ready", "processing_phase": {"status": "complete"}}, VideoState.READY),
        ({"video_status": "ready", "processing_phase": {"status": "completed"}}, VideoState.READY),
        ({"video_status": "something new"}, VideoState.PROCESSING),
        ({"video_status": ["ready"]}, VideoState.PROCESSING),
        ({"video_status": "processing", "processing_phase": "error", "publishing_phase": [1]}, VideoState.PROCESSING),
        ({}, VideoState.PROCESSING),
        ("ready", VideoState.PROCESSING),
        (None, VideoState.PROCESSING),
    ],
)  # fmt: skip
def test_the_state_of_a_video(status: object, state: VideoState):
    """Ready and failed only when Facebook says so, in any of its shapes; else it is asked again."""
    assert state_of(status) == state


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ({"processing_phase": {"status": "error", "errors": [{"code": 1363026, "message": "Too long"}]}},
         ("processing: Too long (code 1363026)",)),
        ({"uploading_phase": {"status": "error", "error": {"message": "Interrupted"}}}, ("uploading: Interrupted",)),
        ({"processing_phase": {"status": "error", "errors": {"message": "Not a list"}}}, ("processing: Not a list",)),
        ({"processing_phase": {"errors": [{"code": 1363024}]}},
         ("processing: the format of the video is not supported (code 1363024)",)),
        ({"processing_phase": {"errors": [{"code": 99}, {}, "x", None]}},
         ("processing: no reason given (code 99)",)),
        ({"uploading_phase": {"errors": [{"message": "One"}]}, "publishing_phase": {"errors": [{"message": "Two"}]}},
         ("uploading: One", "publishing: Two")),
        ({"processing_phase": {"errors": [{"message": f"Bad\r\ntoken {TOKEN.reveal()}"}]}},
         ("processing: Bad token ***",)),
        ({}, ("Facebook gives no reason; it calls the video “error”.",)),
    ],
)  # fmt: skip
def test_a_failed_video_says_why(phases: dict, words: tuple[str, ...]):
    """In one sentence for each error, without a secret; in our words where Facebook has none."""
    status = parse_video_status({"status": {"video_status": "error", **phases}}, secrets=[TOKEN.reveal()])
    assert status.state is VideoState.FAILED
    assert status.errors == words


def test_a_video_is_read_with_its_post_and_its_schedule(serve):
    """From the Graph host; the id of the post is another one than the video's."""
    body = {
        "id": "12",
        "status": {"video_status": "processing", "processing_progress": 33},
        "permalink_url": "/1/videos/12/",
        "published": False,
        "post_id": "1_99",
        "scheduled_publish_time": "2026-11-24T17:00:00+0000",
    }
    graph, video = serve(answer(body)), serve(answer({}))
    status = read_video(open_client(graph.url, graph_video_url=video.url), "12", TOKEN)
    assert (status.state, status.progress, status.is_published) == (VideoState.PROCESSING, 33, False)
    assert (status.post_id, status.permalink_url) == ("1_99", "/1/videos/12/")
    assert status.scheduled_publish_time == DUE
    assert take_apart(graph.requests[0]).query["fields"].split(",")[0] == "status"
    assert video.requests == []


@pytest.mark.parametrize("progress", ["33", -1, 101, None, True, [1]])
def test_a_progress_that_is_no_percentage_is_none(progress: object):
    """A number to show, not to trust."""
    shown = parse_video_status({"status": {"video_status": "processing", "processing_progress": progress}}).progress
    assert shown is None


def test_a_video_that_does_not_exist_is_an_error(serve):
    """Not a state: the upload was never opened, or somebody deleted it."""
    error = {"message": "Unsupported get request", "code": 100, "error_subcode": 33}
    with pytest.raises(errors.InvalidPostError):
        read_video(open_client(serve(answer({"error": error}, status=400)).url), "12", TOKEN)


SENT_AT = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)


def listed(number: int, at: datetime, **more: object) -> dict:
    return {"id": str(number), "created_time": at.strftime("%Y-%m-%dT%H:%M:%S+0000"), **more}


def test_videos_are_listed_until_they_are_all_older(serve):
    """By the same rules as posts."""
    first = {"data": [listed(2, SENT_AT)], "paging": {"next": "https://x", "cursors": {"after": "A"}}}
    older = {
        "data": [listed(1, SENT_AT - timedelta(days=9))],
        "paging": {"next": "https://x", "cursors": {"after": "B"}},
    }
    server = serve(answer(first), answer(older), answer({"data": []}))
    videos = list_videos(open_client(server.url), "1", TOKEN, since=SENT_AT)
    assert [video.id for video in videos] == ["2"]
    assert [take_apart(request).query.get("after") for request in server.requests] == [None, "A"]


@pytest.mark.parametrize("body", [{}, {"data": [{"title": "no id"}]}, {"data": ["12"]}])
def test_a_list_of_videos_that_is_none_proves_nothing(serve, body: dict):
    """Never "absent"."""
    with pytest.raises(errors.TryAgainError):
        list_videos(open_client(serve(answer(body)).url), "1", TOKEN, since=SENT_AT)


MINE = PageVideo("12", "Otwarcie", "Zażółć  🧙\r\n", SENT_AT)


@pytest.mark.parametrize(
    ("video", "is_found"),
    [
        (MINE, True),
        (PageVideo("12", None, "Zażółć 🧙", None), True),
        (PageVideo("12", "Another title", "Zażółć 🧙", SENT_AT), False),
        (PageVideo("12", "Otwarcie", "Other", SENT_AT), False),
        (PageVideo("12", "Otwarcie", None, SENT_AT), False),
        (PageVideo("12", "Otwarcie", "Zażółć 🧙", SENT_AT - timedelta(seconds=31)), False),
        (PageVideo("7", "Otwarcie", "Zażółć 🧙", SENT_AT), False),
    ],
)
def test_a_lost_video_is_found_by_its_words(video: PageVideo, is_found: bool):
    """As far as Facebook keeps them; not an older one, nor one that is known."""
    found = find_videos([video], details=DETAILS, not_before=SENT_AT, known_ids=("7",))
    assert found == ([video] if is_found else [])


def test_a_title_that_facebook_chose_does_not_hide_a_video():
    """A wrong "absent" publishes twice."""
    video = PageVideo("12", "Zażółć", "Zażółć 🧙", SENT_AT)
    details = VideoDetails(description="Zażółć 🧙")
    assert find_videos([video], details=details, not_before=SENT_AT, known_ids=()) == [video]
