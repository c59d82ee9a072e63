"""The chunked upload of a video: start, transfer, finish, cancel, and every way to get it wrong."""

from __future__ import annotations

import hashlib
import json
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from graph_sandbox.control import SandboxControl
from graph_sandbox.samples import make_png, make_video
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP_SECRET, DEFAULT_PAGE, DEFAULT_PAGE_TOKEN
from graph_sandbox.tokens import make_proof

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph

VIDEO = make_video(10_000)
CHUNK = 4_096
VIDEOS = f"{DEFAULT_PAGE}/videos"
HOUR = 3_600


@pytest.fixture(autouse=True)
def small_chunks(control: SandboxControl) -> None:
    control.change_settings(chunk_bytes=CHUNK, processing_seconds=0)


def start(graph: Graph, size: int = len(VIDEO), **params: Any) -> dict[str, str]:
    """Open a session that must be opened."""
    response = graph.post(VIDEOS, upload_phase="start", file_size=size, **params)
    assert response.status_code == 200, response.text
    return response.json()


def send(graph: Graph, session_id: str, start_offset: int, end_offset: int, **params: Any) -> requests.Response:
    """Send the bytes from one offset to another."""
    fields = {"upload_phase": "transfer", "upload_session_id": session_id, "start_offset": start_offset, **params}
    return graph.upload("videos", VIDEO[start_offset:end_offset], field="video_file_chunk", **fields)


def send_all(graph: Graph, session: dict[str, str]) -> None:
    """Send what the server asks for until it asks for nothing."""
    offsets = session
    while offsets["start_offset"] != offsets["end_offset"]:
        wanted = int(offsets["start_offset"]), int(offsets["end_offset"])
        offsets = send(graph, session["upload_session_id"], *wanted).json()


def finish(graph: Graph, session: dict[str, str], **params: Any) -> requests.Response:
    """Settle the video."""
    return graph.post(VIDEOS, upload_phase="finish", upload_session_id=session["upload_session_id"], **params)


def test_the_server_dictates_the_chunks(graph: Graph, control: SandboxControl) -> None:
    """Offsets are strings; each answer names the next chunk, and both are equal at the end."""
    session = start(graph)
    assert set(session) == {"upload_session_id", "video_id", "start_offset", "end_offset"}
    assert (session["start_offset"], session["end_offset"]) == ("0", "4096")
    answers = [send(graph, session["upload_session_id"], *wanted).json() for wanted in ((0, 4096), (4096, 8192))]
    assert answers[1] == {"start_offset": "8192", "end_offset": "10000"}
    last = send(graph, session["upload_session_id"], 8192, 10000).json()
    assert last == {"start_offset": "10000", "end_offset": "10000"}
    [video] = control.videos(DEFAULT_PAGE)
    assert (video.id, video.state, video.bytes_received) == (session["video_id"], "upload_complete", 10_000)
    assert video.sha256 == hashlib.sha256(VIDEO).hexdigest()


def test_finish_publishes(graph: Graph, control: SandboxControl) -> None:
    """Nothing is on the Page before; afterwards one post with the video, its texts and its thumbnail."""
    session = start(graph)
    send_all(graph, session)
    assert control.posts(DEFAULT_PAGE) == []
    fields = {"upload_phase": "finish", "upload_session_id": session["upload_session_id"], "title": "Bitwa"}
    response = graph.upload("videos", make_png(), field="thumb", description="Pod zamkiem", **fields)
    assert response.json() == {"success": True}
    wanted = "message,status_type,attachments{media_type,title,target{id}}"
    [row] = graph.get(f"{DEFAULT_PAGE}/published_posts", fields=wanted).json()["data"]
    attachment = {"media_type": "video", "title": "Bitwa", "target": {"id": session["video_id"]}}
    assert (row["message"], row["status_type"]) == ("Pod zamkiem", "added_video")
    assert row["attachments"] == {"data": [attachment]}
    [video] = control.videos(DEFAULT_PAGE)
    assert (video.post_id, video.title, video.state) == (row["id"], "Bitwa", "ready")
    assert video.thumb_sha256 == hashlib.sha256(make_png()).hexdigest()


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (None, (400, 100, None)),
        ("many", (400, 100, None)),
        (0, (400, 382, 1363022)),
        (1023, (400, 382, 1363022)),
        (2 * 1024**3 + 1, (400, 6000, 1363023)),
    ],
)
def test_a_wrong_size_is_refused_at_the_start(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, size: Any, expected: Any
) -> None:
    """Missing, no number, under 1 KB and over 2 GiB."""
    params = {} if size is None else {"file_size": size}
    assert error_of(graph.post(VIDEOS, upload_phase="start", **params)) == expected
    assert control.videos(DEFAULT_PAGE) == []


@pytest.mark.parametrize("is_text", [False, True])
@pytest.mark.parametrize("offset", [0, 1, 8192, 10_000])
def test_a_wrong_offset_names_the_right_one(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, offset: int, is_text: bool
) -> None:
    """Subcode 1363037 with the offsets as an object or as JSON in a string; the chunk was not taken."""
    control.change_settings(is_error_data_text=is_text)
    session = start(graph)
    send(graph, session["upload_session_id"], 0, CHUNK)
    response = send(graph, session["upload_session_id"], offset, offset + CHUNK)
    assert error_of(response) == (500, 6001, 1363037)
    data = response.json()["error"]["error_data"]
    assert isinstance(data, str) == is_text
    assert (json.loads(data) if is_text else data) == {"start_offset": 4096, "end_offset": 8192}
    assert control.videos(DEFAULT_PAGE)[0].bytes_received == CHUNK


@pytest.mark.parametrize("length", [0, 1, CHUNK - 1, CHUNK + 1])
def test_a_chunk_of_another_length_is_refused(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, length: int
) -> None:
    """Fewer or more bytes than dictated are subcode 1363045, and none is taken."""
    session = start(graph)
    assert error_of(send(graph, session["upload_session_id"], 0, length)) == (400, 6000, 1363045)
    assert control.videos(DEFAULT_PAGE)[0].bytes_received == 0


def test_finish_needs_all_bytes(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """A file that ended early cannot be finished; nothing is published."""
    session = start(graph)
    send(graph, session["upload_session_id"], 0, CHUNK)
    assert error_of(finish(graph, session)) == (400, 6000, 1363045)
    assert (control.posts(DEFAULT_PAGE), control.videos(DEFAULT_PAGE)[0].state) == ([], "uploading")


def test_a_session_is_finished_once(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """Afterwards it takes nothing more; whether it was finished the video itself tells."""
    session = start(graph)
    send_all(graph, session)
    finish(graph, session, description="raz")
    assert error_of(finish(graph, session, description="dwa")) == (400, 6000, 1363041)
    assert error_of(send(graph, session["upload_session_id"], 0, CHUNK)) == (400, 6000, 1363041)
    assert [post.message for post in control.posts(DEFAULT_PAGE)] == ["raz"]


def test_a_session_expires(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """After a day the upload must begin again."""
    session = start(graph)
    control.advance_clock(25 * HOUR)
    assert error_of(send(graph, session["upload_session_id"], 0, CHUNK)) == (400, 6000, 1363041)
    status = graph.get(session["video_id"], fields="status{video_status}").json()["status"]
    assert status == {"video_status": "expired"}


def test_a_session_belongs_to_its_page_and_app(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """Another Page and another app may not go on with it; a renewed token of the same app may."""
    session = start(graph)
    fields = {"upload_phase": "cancel", "upload_session_id": session["upload_session_id"]}
    other = control.add_page("200000000000002", "Inna")
    assert error_of(graph.post("200000000000002/videos", token=other, **fields)) == (400, 6000, 1363042)
    control.add_app("100000000000002", DEFAULT_APP_SECRET)
    foreign = control.add_page_token(DEFAULT_PAGE, "EAAGforeign", app_id="100000000000002")
    assert error_of(graph.post(VIDEOS, token=foreign, **fields)) == (400, 6000, 1363042)
    renewed = control.add_page_token(DEFAULT_PAGE, "EAAGrenewed")
    assert graph.post(VIDEOS, token=renewed, **fields).json() == {"success": True}


def test_cancel_takes_the_video_away(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """The session is over and its video missing."""
    session = start(graph)
    graph.post(VIDEOS, upload_phase="cancel", upload_session_id=session["upload_session_id"])
    assert error_of(send(graph, session["upload_session_id"], 0, CHUNK)) == (400, 6000, 1363041)
    assert error_of(graph.get(session["video_id"])) == (400, 100, 33)
    assert control.videos(DEFAULT_PAGE) == []


@pytest.mark.parametrize(
    "params",
    [
        {"upload_phase": "begin"},
        {"upload_phase": "START", "file_size": 10_000},
        {"upload_phase": "start", "file_size": 10_000, "title": "x"},
        {"upload_phase": "start", "file_size": 10_000, "file_url": "http://127.0.0.1/a.mp4"},
        {"upload_phase": "transfer", "upload_session_id": "SESSION"},
        {"upload_phase": "transfer", "start_offset": 0},
        {"upload_phase": "finish"},
        {"upload_phase": "finish", "upload_session_id": "SESSION", "file_size": 10_000},
        {"upload_phase": "cancel", "upload_session_id": "SESSION", "description": "x"},
    ],
)
def test_each_phase_has_its_own_parameters(graph: Graph, error_of: ErrorOf, params: dict[str, Any]) -> None:
    """What a phase does not know or needs and has not is code 100."""
    session_id = start(graph)["upload_session_id"]
    wrong = {name: session_id if value == "SESSION" else value for name, value in params.items()}
    assert error_of(graph.post(VIDEOS, **wrong))[:2] == (400, 100)


def test_a_file_in_a_field_a_phase_does_not_know_is_refused(graph: Graph, error_of: ErrorOf) -> None:
    """`source` in a transfer, a file in a start."""
    session = start(graph)
    fields = {"upload_phase": "transfer", "upload_session_id": session["upload_session_id"], "start_offset": 0}
    assert error_of(graph.upload("videos", VIDEO[:CHUNK], **fields)) == (400, 100, None)
    assert error_of(graph.upload("videos", VIDEO, upload_phase="start", file_size=10_000)) == (400, 100, None)


def test_the_parameters_must_come_before_the_chunk(
    graph: Graph, control: SandboxControl, server: SandboxServer, error_of: ErrorOf
) -> None:
    """The sandbox checks bytes while they come, so it must know by then whose they are; a query comes first, too."""
    session = start(graph)
    named = {"upload_phase": "transfer", "upload_session_id": session["upload_session_id"], "start_offset": "0"}
    chunk = {"video_file_chunk": ("x", VIDEO[:CHUNK])}
    behind = [*chunk.items(), *((name, (None, value)) for name, value in named.items())]
    headers = {"Authorization": f"Bearer {DEFAULT_PAGE_TOKEN}"}
    proof = {"appsecret_proof": make_proof(DEFAULT_PAGE_TOKEN, DEFAULT_APP_SECRET)}
    address = f"{server.url}/v26.0/{VIDEOS}"
    response = graph.session.post(address, params=proof, files=behind, headers=headers)
    assert error_of(response) == (400, 100, None)
    assert control.videos(DEFAULT_PAGE)[0].bytes_received == 0
    response = graph.session.post(address, params=proof | named, files=chunk, headers=headers)
    assert response.json() == {"start_offset": "4096", "end_offset": "8192"}


def test_what_is_no_video_fails_in_processing(graph: Graph, control: SandboxControl) -> None:
    """The upload succeeds, the status names the reason, and nothing is published."""
    control.change_settings(chunk_bytes=50_000_000)
    content = b"<html>" + b"x" * 2_000
    session = start(graph, len(content))
    fields = {"upload_phase": "transfer", "upload_session_id": session["upload_session_id"], "start_offset": 0}
    graph.upload("videos", content, field="video_file_chunk", **fields)
    assert finish(graph, session).json() == {"success": True}
    status = graph.get(session["video_id"], fields="status").json()["status"]
    assert (status["video_status"], status["processing_phase"]["status"]) == ("error", "error")
    assert status["processing_phase"]["errors"][0]["code"] == 1363024
    assert control.posts(DEFAULT_PAGE) == []


def test_arrivals_tell_phases_offsets_and_bytes(graph: Graph, control: SandboxControl) -> None:
    """A test can see which parameters were used and how many bytes came."""
    session = start(graph)
    send_all(graph, session)
    finish(graph, session, description="Pod zamkiem")
    arrivals = control.arrivals(edge="videos", method="POST")
    assert [arrival.phase for arrival in arrivals] == ["start", "transfer", "transfer", "transfer", "finish"]
    assert [arrival.files[0]["bytes"] for arrival in arrivals[1:4]] == [4096, 4096, 1808]
    assert set(arrivals[2].params) == {"upload_phase", "upload_session_id", "start_offset"}
    assert arrivals[2].params["start_offset"] == "4096"
    assert arrivals[4].message == "Pod zamkiem"
    assert {arrival.committed for arrival in arrivals} == {session["video_id"]}


def test_a_scheduled_video_goes_out_when_its_time_comes(graph: Graph, control: SandboxControl) -> None:
    """It waits as scheduled and is a post created at its due time."""
    due = int(time.time()) + 100 * 24 * HOUR
    session = start(graph)
    send_all(graph, session)
    finish(graph, session, description="x", published="false", scheduled_publish_time=due)
    row = graph.get(session["video_id"], fields="published,scheduled_publish_time,status{publishing_phase}").json()
    assert row["published"] is False
    assert row["scheduled_publish_time"] == time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(due))
    assert row["status"]["publishing_phase"] == {
        "status": "not_started",
        "publish_status": "scheduled",
        "publish_time": due,
    }
    assert graph.listed() == []
    control.advance_clock(100 * 24 * HOUR + 1)
    assert graph.listed() == ["x"]
    assert control.posts(DEFAULT_PAGE)[0].created_time == time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(due))
