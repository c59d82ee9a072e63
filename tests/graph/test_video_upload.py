"""The steps of a chunked upload: which bytes go where, where the next ones go, and when it is over."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pytest

from socialpub import errors
from socialpub.graph.video_upload import VideoUpload, cancel, start, transfer
from tests.graph.conftest import TOKEN, Reply, Serve, answer, open_client, reset, silence, take_apart

CONTENT = bytes(range(100))
BEGUN = VideoUpload("1", 100, "11", "12", 0, 40)
STARTED = {"upload_session_id": "11", "video_id": "12", "start_offset": "0", "end_offset": "40"}


def at(start_offset: int, end_offset: int) -> Reply:
    return answer({"start_offset": str(start_offset), "end_offset": str(end_offset)})


def refusal(subcode: int | None, *, code: int = 6000, status: int = 500, **more: object) -> Reply:
    error = {"message": "There was a problem uploading your video.", "code": code, "error_subcode": subcode, **more}
    return answer({"error": error}, status=status)


def chunk_of(upload: VideoUpload) -> io.BytesIO:
    stream = io.BytesIO(CONTENT)
    stream.seek(upload.start_offset)
    return stream


def send_chunk(serve: Serve, reply: Reply, upload: VideoUpload = BEGUN) -> VideoUpload:
    return transfer(open_client(serve(reply).url), TOKEN, upload, chunk_of(upload))


def test_a_session_is_opened_on_the_video_host(serve):
    """With the size of the file, as a form; the id of the video is known before its first byte leaves."""
    graph, video = serve(answer({})), serve(answer(STARTED))
    client = open_client(graph.url, graph_video_url=video.url)
    assert start(client, "1", TOKEN, 100) == BEGUN
    seen = take_apart(video.requests[0])
    assert (seen.method, seen.path, seen.query) == ("POST", "/v26.0/1/videos", {})
    assert {name: seen.form[name] for name in ("upload_phase", "file_size")} == {
        "upload_phase": "start",
        "file_size": "100",
    }
    assert graph.requests == []


def test_the_server_dictates_the_chunks(serve):
    """Of any size, each from its own place in the file, until nothing is wanted."""
    server = serve(at(40, 41), at(41, 100), at(100, 100))
    client, upload = open_client(server.url), BEGUN
    while not upload.is_complete:
        upload = transfer(client, TOKEN, upload, chunk_of(upload))
    seen = [take_apart(request) for request in server.requests]
    assert [request.form["start_offset"] for request in seen] == ["0", "40", "41"]
    assert b"".join(request.files["video_file_chunk"].content for request in seen) == CONTENT
    assert {(request.form["upload_phase"], request.form["upload_session_id"]) for request in seen} == {
        ("transfer", "11")
    }
    assert (upload.session_id, upload.video_id) == ("11", "12")


def test_a_complete_upload_sends_no_more(serve):
    """Asked for once too often, it stays where it is."""
    server = serve(at(0, 40))
    done = replace(BEGUN, start_offset=100, end_offset=100)
    assert transfer(open_client(server.url), TOKEN, done, chunk_of(done)) == done
    assert server.requests == []


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize(("code", "status"), [(6001, 500), (6000, 400)])
def test_a_chunk_facebook_has_already_leads_on_from_where_it_stands(serve, as_text: bool, code: int, status: int):
    """Its answer was lost, or the worker died before it wrote it down."""
    offsets = {"start_offset": 40, "end_offset": 80}
    data = json.dumps(offsets) if as_text else offsets
    moved = send_chunk(serve, refusal(1363037, code=code, status=status, error_data=data))
    assert moved == replace(BEGUN, start_offset=40, end_offset=80)


def test_facebook_may_also_go_back(serve):
    """It lost a chunk that it had confirmed."""
    moved = send_chunk(serve, refusal(1363037, error_data=STARTED), replace(BEGUN, start_offset=40, end_offset=80))
    assert moved == BEGUN


@pytest.mark.parametrize(
    "error_data", [None, {"start_offset": "40"}, {"start_offset": 50, "end_offset": 40}, {"start_offset": 0,
                                                                                         "end_offset": 101}]
)  # fmt: skip
def test_a_place_that_is_not_in_the_file_is_none(serve, error_data: object):
    """The chunk is sent again instead."""
    with pytest.raises(errors.TryAgainError):
        send_chunk(serve, refusal(1363037, error_data=error_data))


@pytest.mark.parametrize(
    "reply",
    [
        *(refusal(subcode) for subcode in (None, 1363019, 1363021, 1363030, 1363033, 1363047)),
        refusal(1363019, status=400),
        refusal(None, code=6001, status=400),
        refusal(None, code=2),
        refusal(None, code=100, status=400, is_transient=True),
        reset,
        silence,
        answer(b"<html>502</html>", status=502),
        answer({}),
        answer({"start_offset": "40"}),
        answer({"start_offset": "40", "end_offset": "101"}),
        answer({"start_offset": "41", "end_offset": "40"}),
        answer({"start_offset": "-1", "end_offset": "40"}),
        answer({"start_offset": "4e1", "end_offset": "100"}),
        answer({"success": True}),
    ],
)
def test_the_same_chunk_may_be_sent_again(serve, reply: Reply):
    """Whatever is unclear about a chunk publishes nothing, and the session stays."""
    with pytest.raises(errors.TryAgainError) as caught:
        send_chunk(serve, reply)
    assert not isinstance(caught.value, errors.UploadSessionOverError)


@pytest.mark.parametrize(("code", "status"), [(6000, 500), (6001, 500), (6000, 400), (100, 400)])
def test_an_ended_session_needs_a_new_one(serve, code: int, status: int):
    """The chunk would only fail again in the old one."""
    with pytest.raises(errors.UploadSessionOverError):
        send_chunk(serve, refusal(1363041, code=code, status=status))


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(1363024, status=400), errors.InvalidPostError),
        (refusal(1363023, code=100, status=400), errors.InvalidPostError),
        (refusal(None, status=400), errors.InvalidPostError),
        (refusal(1363042, code=100, status=400), errors.PermissionRefusedError),
        (refusal(460, code=190, status=400), errors.TokenRefusedError),
        (refusal(None, code=4, status=400), errors.RateLimitedError),
        (refusal(None, code=368, status=400), errors.PolicyBlockedError),
    ],
)
def test_a_definite_refusal_of_a_chunk_is_one(serve, reply: Reply, kind: type[Exception]):
    """Nobody sends 1 GiB four times because of a dead token."""
    with pytest.raises(kind):
        send_chunk(serve, reply)


def test_a_file_that_ends_inside_its_chunk_is_refused(serve):
    """It is shorter than it was when the upload began."""
    server = serve(at(40, 80))
    with pytest.raises(errors.InvalidPostError, match="ended 10 bytes short of the 40"):
        transfer(open_client(server.url), TOKEN, BEGUN, io.BytesIO(CONTENT[:30]))


@pytest.mark.parametrize(
    "body",
    [
        {},
        STARTED | {"video_id": None},
        STARTED | {"upload_session_id": ""},
        STARTED | {"video_id": "../12"},
        STARTED | {"end_offset": "101"},
        STARTED | {"start_offset": None},
    ],
    ids=str,
)
def test_a_session_without_its_ids_or_offsets_is_none(serve, body: dict):
    """Without the id of the video nobody could look for it later."""
    with pytest.raises(errors.TryAgainError):
        start(open_client(serve(answer(body)).url), "1", TOKEN, 100)


def test_ids_and_offsets_may_come_as_numbers(serve):
    """Meta's own samples have both."""
    body = {"upload_session_id": 11, "video_id": 12, "start_offset": 0, "end_offset": 40}
    assert start(open_client(serve(answer(body)).url), "1", TOKEN, 100) == BEGUN


def test_an_unanswered_start_may_be_repeated(serve):
    """A session nobody finishes publishes nothing."""
    server = serve(reset, answer(STARTED))
    client = open_client(server.url)
    with pytest.raises(errors.TryAgainError):
        start(client, "1", TOKEN, 100)
    assert start(client, "1", TOKEN, 100) == BEGUN


def test_an_upload_is_given_up(serve):
    """By its session."""
    server = serve(answer({"success": True}))
    cancel(open_client(server.url), TOKEN, BEGUN)
    form = take_apart(server.requests[0]).form
    assert (form["upload_phase"], form["upload_session_id"]) == ("cancel", "11")


def test_an_upload_that_is_over_already_is_as_good_as_given_up(serve):
    """Cleaning up is no mistake."""
    cancel(open_client(serve(refusal(1363041)).url), TOKEN, BEGUN)


@pytest.mark.parametrize("reply", [reset, answer({}), answer({"success": False})])
def test_giving_up_that_is_unclear_may_be_repeated(serve, reply: Reply):
    """It only ever takes bytes away."""
    with pytest.raises(errors.TryAgainError):
        cancel(open_client(serve(reply).url), TOKEN, BEGUN)
