"""The Resumable Upload API: an app's uploads, their offsets after an interruption, and their handles."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import requests

from graph_sandbox.control import SandboxControl
from graph_sandbox.samples import make_video
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET, DEFAULT_PAGE, DEFAULT_PAGE_TOKEN, DEFAULT_USER_TOKEN

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph

VIDEO = make_video(300_000)
UPLOADS = f"{DEFAULT_APP}/uploads"
FILE = {"file_name": "bitwa.mp4", "file_length": len(VIDEO), "file_type": "video/mp4"}
HOUR = 3_600


def open_upload(graph: Graph, **params: Any) -> str:
    """Open an upload; return its id."""
    response = graph.post(UPLOADS, token=DEFAULT_USER_TOKEN, **{**FILE, **params})
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


def send(
    graph: Graph, upload_id: str, content: Any, *, offset: Any = 0, token: str = DEFAULT_USER_TOKEN
) -> requests.Response:
    """Send bytes as the body, the token in the header as D-UPLOAD shows it."""
    return graph.session.post(
        f"{graph.base_url}/v26.0/{upload_id}",
        params=graph.proof(token),
        headers={"Authorization": f"OAuth {token}", "file_offset": str(offset)},
        data=content,
        timeout=5,
    )


def read_offset(graph: Graph, upload_id: str) -> Any:
    """Ask how much has come."""
    return graph.get(upload_id, token=DEFAULT_USER_TOKEN).json()["file_offset"]


def test_a_handle_becomes_a_video(graph: Graph, control: SandboxControl) -> None:
    """Opened and sent with a user token, published with the Page's; the handle has a line feed in it."""
    control.change_settings(processing_seconds=0)
    upload_id = open_upload(graph)
    assert upload_id.startswith("upload:")
    handle = send(graph, upload_id, VIDEO).json()["h"]
    assert "\n" in handle
    answer = graph.post(f"{DEFAULT_PAGE}/videos", fbuploader_video_file_chunk=handle, description="Bitwa")
    assert set(answer.json()) == {"id"}
    [video] = control.videos(DEFAULT_PAGE)
    assert (video.bytes_received, video.sha256) == (len(VIDEO), hashlib.sha256(VIDEO).hexdigest())
    assert graph.listed() == ["Bitwa"]


@pytest.mark.parametrize(
    "params",
    [
        {"file_name": ""},
        {"file_length": ""},
        {"file_type": ""},
        {"file_length": "0"},
        {"file_length": 2 * 1024**3 + 1},
        {"file_length": "many"},
        {"file_type": "video/quicktime"},
        {"session_type": "attachment"},
    ],
)
def test_a_wrong_declaration_is_refused(graph: Graph, error_of: ErrorOf, params: dict[str, Any]) -> None:
    """All three are needed and checked."""
    response = graph.post(UPLOADS, token=DEFAULT_USER_TOKEN, **{**FILE, **params})
    assert error_of(response) == (400, 100, None)


def test_uploads_want_a_user_token_of_the_app_in_the_header(
    graph: Graph, control: SandboxControl, error_of: ErrorOf
) -> None:
    """A Page token is refused, another app's uploads are missing, and a token elsewhere counts as none."""
    assert error_of(graph.post(UPLOADS, token=DEFAULT_PAGE_TOKEN, **FILE)) == (403, 200, None)
    assert error_of(graph.post("100000000000009/uploads", token=DEFAULT_USER_TOKEN, **FILE)) == (400, 100, 33)
    upload_id = open_upload(graph)
    assert error_of(send(graph, upload_id, VIDEO, token=DEFAULT_PAGE_TOKEN)) == (403, 200, None)
    other = control.add_user("300000000000002", "Jan")
    assert error_of(send(graph, upload_id, VIDEO, token=other)) == (400, 100, 33)
    query = {"access_token": DEFAULT_USER_TOKEN, **graph.proof(DEFAULT_USER_TOKEN)}
    address = f"{graph.base_url}/{upload_id}"
    response = graph.session.post(address, params=query, headers={"file_offset": "0"}, data=VIDEO)
    assert error_of(response) == (400, 2500, None)
    assert read_offset(graph, upload_id) == "0"


def test_the_signature_is_part_of_the_id(graph: Graph, error_of: ErrorOf) -> None:
    """An id cut at its question mark is missing; one that was percent-encoded as a whole is understood."""
    upload_id = open_upload(graph)
    assert error_of(send(graph, upload_id.partition("?")[0], VIDEO)) == (400, 100, 33)
    assert send(graph, requests.utils.quote(upload_id, safe=""), VIDEO).status_code == 200


@pytest.mark.parametrize("is_text", [True, False])
def test_an_interrupted_upload_goes_on_where_it_broke_off(graph: Graph, control: SandboxControl, is_text: bool) -> None:
    """What came before the cut stays, the offset tells how much, and the whole has the right checksum."""
    control.change_settings(is_file_offset_text=is_text)
    upload_id = open_upload(graph)
    control.add_fault("upload_cut", edge="upload", after_bytes=123_456)
    with pytest.raises(requests.ConnectionError):
        send(graph, upload_id, VIDEO)
    offset = read_offset(graph, upload_id)
    assert offset == ("123456" if is_text else 123_456)
    assert control.arrivals(edge="upload", method="POST")[0].files[0]["bytes"] == 123_456
    handle = send(graph, upload_id, VIDEO[123_456:], offset=offset).json()["h"]
    graph.post(f"{DEFAULT_PAGE}/videos", fbuploader_video_file_chunk=handle)
    assert control.videos(DEFAULT_PAGE)[0].sha256 == hashlib.sha256(VIDEO).hexdigest()


def test_a_client_that_dies_leaves_its_bytes_behind(graph: Graph, control: SandboxControl) -> None:
    """A real interruption is no different."""
    upload_id = open_upload(graph)

    def half() -> Iterator[bytes]:
        yield VIDEO[:70_000]
        raise OSError("the worker was killed")

    with pytest.raises(OSError):
        send(graph, upload_id, half())
    deadline = time.monotonic() + 3
    while read_offset(graph, upload_id) != "70000" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert send(graph, upload_id, VIDEO[70_000:], offset=70_000).status_code == 200


@pytest.mark.parametrize("offset", ["", "-1", "x", "1", len(VIDEO)])
def test_a_wrong_offset_is_refused(graph: Graph, error_of: ErrorOf, offset: Any) -> None:
    """The header must name where the upload ends; nothing is taken otherwise."""
    upload_id = open_upload(graph)
    assert error_of(send(graph, upload_id, VIDEO, offset=offset)) == (400, 100, None)
    assert read_offset(graph, upload_id) == "0"


def test_too_many_bytes_are_refused_and_too_few_are_not_enough(graph: Graph, error_of: ErrorOf) -> None:
    """The declared length counts."""
    upload_id = open_upload(graph)
    assert error_of(send(graph, upload_id, VIDEO + b"x")) == (400, 100, None)
    assert read_offset(graph, upload_id) == "0"
    assert error_of(send(graph, upload_id, VIDEO[:-1])) == (400, 100, None)
    assert read_offset(graph, upload_id) == str(len(VIDEO) - 1)


def test_a_lost_handle_can_be_asked_for_again(graph: Graph, control: SandboxControl) -> None:
    """An empty body at the end answers with the same handle."""
    upload_id = open_upload(graph)
    control.add_fault("committed_then_reset", edge="upload", method="POST")
    with pytest.raises(requests.ConnectionError):
        send(graph, upload_id, VIDEO)
    handles = {send(graph, upload_id, b"", offset=read_offset(graph, upload_id)).json()["h"] for _ in range(2)}
    assert len(handles) == 1


def test_an_upload_expires(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """After a day both the upload and its handle are gone."""
    upload_id = open_upload(graph)
    handle = send(graph, upload_id, VIDEO).json()["h"]
    control.advance_clock(25 * HOUR)
    assert error_of(graph.get(upload_id, token=DEFAULT_USER_TOKEN)) == (400, 100, 33)
    response = graph.post(f"{DEFAULT_PAGE}/videos", fbuploader_video_file_chunk=handle)
    assert error_of(response) == (400, 100, None)


def test_only_a_finished_video_of_the_app_has_a_good_handle(
    graph: Graph, control: SandboxControl, error_of: ErrorOf
) -> None:
    """An invented handle, a trimmed one, another app's, another type and a second source are refused."""
    handle = send(graph, open_upload(graph), VIDEO).json()["h"]
    picture = send(graph, open_upload(graph, file_type="image/png"), VIDEO).json()["h"]
    path = f"{DEFAULT_PAGE}/videos"
    for wrong in ("2:abc", handle.replace("\n", "")):
        assert error_of(graph.post(path, fbuploader_video_file_chunk=wrong)) == (400, 100, None)
    assert error_of(graph.post(path, fbuploader_video_file_chunk=picture)) == (400, 6000, 1363024)
    assert error_of(graph.upload("videos", VIDEO, fbuploader_video_file_chunk=handle)) == (400, 100, 1363020)
    control.add_app("100000000000002", DEFAULT_APP_SECRET)
    foreign = control.add_page_token(DEFAULT_PAGE, "EAAGforeign", app_id="100000000000002")
    assert error_of(graph.post(path, token=foreign, fbuploader_video_file_chunk=handle)) == (400, 100, None)
    assert control.videos(DEFAULT_PAGE) == []


def test_a_handle_sent_twice_makes_two_videos(graph: Graph, control: SandboxControl) -> None:
    """The hazard is shown, not hidden: nobody documents that a handle is good for one video only."""
    handle = send(graph, open_upload(graph), VIDEO).json()["h"]
    control.add_fault("committed_then_500", edge="videos")
    answers = [graph.post(f"{DEFAULT_PAGE}/videos", fbuploader_video_file_chunk=handle) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [500, 200]
    assert len(control.videos(DEFAULT_PAGE)) == 2


def test_an_upload_arrives_with_its_offset_but_without_secrets(graph: Graph, control: SandboxControl) -> None:
    """Neither token nor signature is on record."""
    upload_id = open_upload(graph)
    send(graph, upload_id, VIDEO)
    opened, sent = control.arrivals(edge="uploads")[0], control.arrivals(edge="upload")[0]
    assert (opened.page_id, set(opened.params)) == (None, set(FILE))
    assert (sent.headers["authorization"], sent.headers["file_offset"], sent.token_transport) == (
        "OAuth",
        "0",
        "header",
    )
    assert sent.params == {}
    assert sent.files == [{"name": "body", "filename": None, "bytes": len(VIDEO)}]
    assert opened.committed == sent.committed == upload_id.partition("?")[0]
