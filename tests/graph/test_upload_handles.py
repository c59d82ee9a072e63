"""Bytes that go up under the app: what is announced, where they go on, and the handle they end in."""

from __future__ import annotations

import hashlib
import io
import logging

import pytest

from graph_sandbox.samples import make_video
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_PAGE, DEFAULT_USER_TOKEN
from socialpub import errors
from socialpub.graph.client import GraphClient
from socialpub.graph.media import MediaFile
from socialpub.graph.upload_handles import open_upload, read_offset, send_bytes
from socialpub.graph.videos import VideoDetails, prepare_handle, send_video
from socialpub.models.secret import Secret
from tests.graph.conftest import (
    APP_ID,
    PAGE_TOKEN,
    TOKEN,
    UNCLEAR,
    Reply,
    answer,
    open_client,
    reset,
    silence,
    take_apart,
)

SESSION = "upload:MTphdHRhY2htZW50OjA5/+1=?sig=ARZqkGCA_uQ-x"
ADDRESS = "/v26.0/upload:MTphdHRhY2htZW50OjA5/+1="
BROKEN = [reset, silence, answer(b"<html>502</html>", status=502), answer({})]


def file_of(content: bytes) -> MediaFile:
    return MediaFile(io.BytesIO(content), len(content), "gates.mp4", "video/mp4")


def announce(url: str) -> str:
    return open_upload(open_client(url), TOKEN, file_name="gates.mp4", file_length=4, file_type="video/mp4")


def test_a_file_is_announced_to_the_app(serve):
    """Name, size and type as a form, the person's token in the header under Facebook's own scheme."""
    server = serve(answer({"id": SESSION}))
    assert announce(server.url) == SESSION
    seen = take_apart(server.requests[0])
    assert (seen.method, seen.path, seen.query) == ("POST", f"/v26.0/{APP_ID}/uploads", {})
    assert seen.headers["Authorization"] == f"OAuth {TOKEN.reveal()}"
    assert seen.form.pop("appsecret_proof")
    assert seen.form == {"file_name": "gates.mp4", "file_length": "4", "file_type": "video/mp4"}


@pytest.mark.parametrize("offset", [0, 5238])
def test_the_bytes_go_to_the_session_as_they_are(serve, offset: int):
    """From their offset on; the id is used as it came, and a handle with line ends stays as it is."""
    server = serve(answer({"h": "2:c2Ft\ncGxl"}))
    handle = send_bytes(open_client(server.url), TOKEN, SESSION, file_of(b"moov"), offset=offset)
    seen = take_apart(server.requests[0])
    assert handle == "2:c2Ft\ncGxl"
    assert (seen.method, seen.path, seen.body) == ("POST", ADDRESS, b"moov")
    assert (seen.headers["file_offset"], seen.headers["Content-Length"]) == (str(offset), "4")
    assert seen.headers["Content-Type"] == "video/mp4"
    assert seen.headers["Authorization"] == f"OAuth {TOKEN.reveal()}"
    assert set(seen.query) == {"sig", "appsecret_proof"}
    assert seen.query["sig"] == "ARZqkGCA_uQ-x"


@pytest.mark.parametrize(("shown", "offset"), [(5238, 5238), ("5238", 5238), ("0", 0)])
def test_an_interrupted_upload_says_where_it_stands(serve, shown: object, offset: int):
    """As a number in older samples, as text in newer ones."""
    server = serve(answer({"id": SESSION, "file_offset": shown}))
    assert read_offset(open_client(server.url), TOKEN, SESSION) == offset
    seen = take_apart(server.requests[0])
    assert (seen.method, seen.path) == ("GET", ADDRESS)
    assert seen.headers["Authorization"] == f"OAuth {TOKEN.reveal()}"


@pytest.mark.parametrize("reply", BROKEN)
def test_every_step_may_be_repeated(serve, reply: Reply):
    """A handle nobody uses publishes nothing."""
    client = open_client(serve(reply).url)
    with pytest.raises(errors.TryAgainError):
        announce(client.settings.graph_url)
    with pytest.raises(errors.TryAgainError):
        send_bytes(client, TOKEN, SESSION, file_of(b"moov"))
    with pytest.raises(errors.TryAgainError):
        read_offset(client, TOKEN, SESSION)


@pytest.mark.parametrize(
    "session_id",
    ["", None, 5, "12", "upload:", "upload:../123/feed", "upload:%2e%2e/x", "upload:a?access_token=b", "upload:a#b",
     "upload:a?sig=b&x=y", "https://evil.example/upload:a", "upload:a\nb", "upload:a b"],
)  # fmt: skip
def test_an_id_that_leads_elsewhere_is_none(serve, session_id: object):
    """It becomes a path, and the person's token goes with it."""
    server = serve(answer({"id": session_id}))
    with pytest.raises(errors.TryAgainError, match="no upload session"):
        announce(server.url)


@pytest.mark.parametrize("offset", [None, "", "x", -1, "5 ", 2**63])
def test_an_offset_that_is_no_number_of_bytes_is_none(serve, offset: object):
    """The upload would go on at the wrong place."""
    with pytest.raises(errors.TryAgainError):
        read_offset(open_client(serve(answer({"file_offset": offset})).url), TOKEN, SESSION)


@pytest.mark.parametrize("handle", ["", None, 5, ["2:a"]])
def test_a_handle_that_is_no_text_is_none(serve, handle: object):
    """It could not be published by."""
    with pytest.raises(errors.TryAgainError):
        send_bytes(open_client(serve(answer({"h": handle})).url), TOKEN, SESSION, file_of(b"moov"))


def test_neither_token_nor_signature_is_logged(serve, caplog):
    """The signature of a session lets its holder write to it."""
    caplog.set_level(logging.DEBUG)
    client = open_client(serve(answer({"h": "2:a"})).url)
    send_bytes(client, TOKEN, SESSION, file_of(b"moov"))
    ours = [record.getMessage() for record in caplog.records if record.name == "facebook"]
    assert len(ours) == 1
    assert "ARZqkGCA_uQ-x" not in caplog.text
    assert TOKEN.reveal() not in caplog.text


VIDEO = make_video(100_000)
USER_TOKEN = Secret(DEFAULT_USER_TOKEN)


def send_from(client: GraphClient, session_id: str, offset: int) -> str:
    stream = io.BytesIO(VIDEO)
    stream.seek(offset)
    file = MediaFile(stream, len(VIDEO) - offset, "gates.mp4", "video/mp4")
    return send_bytes(client, USER_TOKEN, session_id, file, offset=offset)


def begin(client: GraphClient) -> str:
    about = {"file_name": "gates.mp4", "file_length": len(VIDEO), "file_type": "video/mp4"}
    return open_upload(client, USER_TOKEN, **about)


def publish(sandbox: SandboxServer, client: GraphClient, handle: str) -> None:
    video_id = send_video(
        client, prepare_handle(client, DEFAULT_PAGE, PAGE_TOKEN, handle, VideoDetails("T", "D"))
    ).video_id
    [video] = sandbox.control.videos(DEFAULT_PAGE)
    assert (video.id, video.sha256) == (video_id, hashlib.sha256(VIDEO).hexdigest())


def test_a_video_is_published_by_its_handle(sandbox: SandboxServer, client: GraphClient) -> None:
    """Uploaded with a person's token, published with the Page's."""
    publish(sandbox, client, send_from(client, begin(client), 0))


@pytest.mark.parametrize("after_bytes", [0, 30_000, 99_999])
def test_an_upload_that_was_cut_goes_on_from_the_offset_facebook_has(
    sandbox: SandboxServer, client: GraphClient, after_bytes: int
) -> None:
    """Nothing is sent twice."""
    session_id = begin(client)
    sandbox.control.add_fault("upload_cut", edge="upload", after_bytes=after_bytes)
    with pytest.raises(errors.TryAgainError):
        send_from(client, session_id, 0)
    offset = read_offset(client, USER_TOKEN, session_id)
    assert offset == after_bytes
    publish(sandbox, client, send_from(client, session_id, offset))


@pytest.mark.parametrize("end", UNCLEAR)
def test_a_handle_whose_answer_was_lost_is_asked_for_again(
    sandbox: SandboxServer, client: GraphClient, end: str
) -> None:
    """When all bytes are there, none is sent."""
    session_id = begin(client)
    sandbox.control.add_fault(f"committed_then_{end}", edge="upload", method="POST")
    with pytest.raises(errors.TryAgainError):
        send_from(client, session_id, 0)
    assert read_offset(client, USER_TOKEN, session_id) == len(VIDEO)
    publish(sandbox, client, send_from(client, session_id, len(VIDEO)))


def test_a_pages_token_opens_no_upload(client: GraphClient) -> None:
    """Facebook's words say whose token it wants."""
    with pytest.raises(errors.PermissionRefusedError, match="user access token"):
        open_upload(client, PAGE_TOKEN, file_name="a", file_length=5, file_type="video/mp4")
