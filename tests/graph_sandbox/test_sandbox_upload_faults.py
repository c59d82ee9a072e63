"""Scripted faults of uploads: cut connections, lost answers, wrong offsets, and what is left behind."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from graph_sandbox.control import SandboxControl
from graph_sandbox.edge_faults import EDGE_FAULTS
from graph_sandbox.fault_replies import ErrorReply
from graph_sandbox.samples import make_png, make_video
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_PAGE

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph

VIDEO = make_video(400_000)
CHUNK = 200_000
VIDEOS = f"{DEFAULT_PAGE}/videos"


@pytest.fixture
def session_id(graph: Graph, control: SandboxControl) -> str:
    control.change_settings(chunk_bytes=CHUNK, processing_seconds=0)
    return graph.post(VIDEOS, upload_phase="start", file_size=len(VIDEO)).json()["upload_session_id"]


def send(graph: Graph, session_id: str, offset: int, **params: Any) -> requests.Response | requests.RequestException:
    """Send a chunk; return the response, or the exception the HTTP client raised."""
    fields = {"upload_phase": "transfer", "upload_session_id": session_id, "start_offset": offset, **params}
    try:
        return graph.upload("videos", VIDEO[offset : offset + CHUNK], field="video_file_chunk", **fields)
    except requests.RequestException as error:
        return error


def received(control: SandboxControl) -> int:
    """Return how many bytes of the only video the sandbox has."""
    return control.videos(DEFAULT_PAGE)[0].bytes_received


def test_faults_strike_phases(graph: Graph, control: SandboxControl, session_id: str) -> None:
    """A rule with a phase spares the other phases and other edges."""
    control.add_fault("throttle_32", edge="videos", phase="finish", page_id=DEFAULT_PAGE)
    assert graph.publish("x")
    assert [send(graph, session_id, offset).status_code for offset in (0, CHUNK)] == [200, 200]
    fields = {"upload_phase": "finish", "upload_session_id": session_id}
    assert [graph.post(VIDEOS, **fields).status_code for _ in range(2)] == [400, 200]


def test_a_lost_answer_leaves_the_chunk_behind(graph: Graph, control: SandboxControl, session_id: str) -> None:
    """The client sees a reset, and learns from subcode 1363037 that the chunk is there."""
    control.add_fault("committed_then_reset", edge="videos", phase="transfer")
    assert isinstance(send(graph, session_id, 0), requests.ConnectionError)
    assert received(control) == CHUNK
    error = send(graph, session_id, 0).json()["error"]
    assert (error["error_subcode"], error["error_data"]) == (1363037, {"start_offset": CHUNK, "end_offset": 2 * CHUNK})


def test_a_finish_answered_500_has_published(graph: Graph, control: SandboxControl, session_id: str) -> None:
    """The answer hides it, the video's own state tells."""
    video_id = control.videos(DEFAULT_PAGE)[0].id
    for offset in (0, CHUNK):
        send(graph, session_id, offset)
    control.add_fault("committed_then_500", edge="videos", phase="finish")
    fields = {"upload_phase": "finish", "upload_session_id": session_id, "description": "x"}
    assert graph.post(VIDEOS, **fields).status_code == 500
    row = graph.get(video_id, fields="status{video_status},published").json()
    assert (row["status"]["video_status"], row["published"]) == ("ready", True)
    assert graph.listed() == ["x"]


@pytest.mark.parametrize("after_bytes", [0, 1, 65_536, CHUNK - 1])
def test_a_cut_chunk_is_not_taken(graph: Graph, control: SandboxControl, session_id: str, after_bytes: int) -> None:
    """The connection is reset after exactly that many bytes, the arrival shows them, and the offset has not moved."""
    control.add_fault("upload_cut", edge="videos", phase="transfer", after_bytes=after_bytes)
    assert isinstance(send(graph, session_id, 0), requests.ConnectionError)
    assert received(control) == 0
    arrival = control.arrivals(edge="videos")[-1]
    assert (arrival.fault, arrival.phase, arrival.status) == ("upload_cut", "transfer", None)
    assert arrival.files == [{"name": "video_file_chunk", "filename": "a.png", "bytes": after_bytes}]
    assert send(graph, session_id, 0).json()["start_offset"] == str(CHUNK)


def test_a_stalled_chunk_waits_and_ends_in_a_reset(graph: Graph, control: SandboxControl, session_id: str) -> None:
    """Nothing comes back for as long as scripted."""
    control.add_fault("upload_stall", edge="videos", after_bytes=1_000, delay_seconds=0.3)
    started = time.monotonic()
    assert isinstance(send(graph, session_id, 0), requests.ConnectionError)
    assert time.monotonic() - started >= 0.3
    assert received(control) == 0


def test_a_server_with_a_stalled_upload_stops_within_three_seconds() -> None:
    """A stall without an end does not hold up the end of a test."""
    with SandboxServer() as server:
        server.control.add_fault("upload_stall")
        address = f"{server.url}/{VIDEOS}"

        seen: list[str] = []

        def upload() -> None:
            try:
                requests.post(address, files={"source": VIDEO}, timeout=10)
            except requests.RequestException as error:
                seen.append(type(error).__name__)

        client = threading.Thread(target=upload)
        client.start()
        while not server.control.arrivals(edge="videos"):
            time.sleep(0.01)
        started = time.monotonic()
    client.join(timeout=3)
    assert time.monotonic() - started < 3
    assert seen == ["ConnectionError"]


def test_a_client_that_leaves_takes_its_chunk_along(graph: Graph, control: SandboxControl, session_id: str) -> None:
    """A real interruption is on record with its bytes, and leaves the session as it was."""

    def half() -> Any:
        boundary = b"xyz"
        for name, value in (("upload_phase", "transfer"), ("upload_session_id", session_id), ("start_offset", "0")):
            yield b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (
                boundary, name.encode(), value.encode(),
            )  # fmt: skip
        yield b'--xyz\r\nContent-Disposition: form-data; name="video_file_chunk"; filename="a"\r\n\r\n'
        yield VIDEO[:5_000]
        raise OSError("the worker was killed")

    headers = {"Content-Type": "multipart/form-data; boundary=xyz"}
    with pytest.raises(OSError):
        requests.post(f"{graph.base_url}/{VIDEOS}", data=half(), headers=headers, timeout=5)
    deadline = time.monotonic() + 3
    while control.arrivals(edge="videos")[-1].files[0]["bytes"] < 5_000 and time.monotonic() < deadline:
        time.sleep(0.01)
    arrival = control.arrivals(edge="videos")[-1]
    assert (arrival.phase, arrival.status, arrival.files[0]["bytes"]) == ("transfer", None, 5_000)
    assert received(control) == 0
    assert send(graph, session_id, 0).json()["start_offset"] == str(CHUNK)


@pytest.mark.parametrize(
    ("mode", "taken"),
    [
        ("upload_wrong_offset", CHUNK),
        ("upload_wrong_offset_text", CHUNK),
        ("upload_lost_chunk", 0),
        ("committed_then_wrong_offset", 2 * CHUNK),
    ],
)
def test_a_scripted_wrong_offset_names_what_is_wanted(
    graph: Graph, control: SandboxControl, session_id: str, mode: str, taken: int
) -> None:
    """Following the offsets of the error leads to the whole video, whatever the server has lost or taken."""
    send(graph, session_id, 0)
    control.add_fault(mode, phase="transfer")
    error = send(graph, session_id, CHUNK).json()["error"]
    data = error["error_data"]
    offsets = json.loads(data) if mode.endswith("text") else data
    assert (error["code"], error["error_subcode"], offsets["start_offset"]) == (6001, 1363037, taken)
    for offset in range(taken, len(VIDEO), CHUNK):
        assert send(graph, session_id, offset).status_code == 200
    assert received(control) == len(VIDEO)
    assert graph.post(VIDEOS, upload_phase="finish", upload_session_id=session_id).json() == {"success": True}


@pytest.mark.parametrize(
    "mode", [mode for mode in EDGE_FAULTS.values() if isinstance(mode.reply, ErrorReply)], ids=lambda mode: mode.name
)
def test_a_refused_chunk_can_be_sent_again(
    graph: Graph, control: SandboxControl, session_id: str, error_of: ErrorOf, mode: Any
) -> None:
    """The error looks as the table says, and nothing was taken."""
    control.add_fault(mode.name, edge="videos", phase="transfer")
    response = send(graph, session_id, 0)
    assert error_of(response) == (mode.reply.status, mode.reply.code, mode.reply.subcode)
    assert response.json()["error"].get("is_transient") == mode.reply.is_transient
    assert received(control) == 0
    assert send(graph, session_id, 0).status_code == 200


def test_a_cut_photo_is_not_there(graph: Graph, control: SandboxControl) -> None:
    """Photos break off as well."""
    control.add_fault("upload_cut", edge="photos", after_bytes=20)
    with pytest.raises(requests.ConnectionError):
        graph.upload("photos", make_png(), published="false")
    assert control.photos(DEFAULT_PAGE) == []
    assert control.arrivals(edge="photos")[0].files[0]["bytes"] == 20


def test_a_fault_of_uploads_waits_for_an_upload(graph: Graph, control: SandboxControl) -> None:
    """A mode that breaks uploads off spares requests without a file."""
    control.add_fault("upload_cut")
    graph.publish("x")
    assert [rule["mode"] for rule in control.faults()] == ["upload_cut"]
