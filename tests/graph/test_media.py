"""Files on their way: each byte once and in its place, nothing held whole, and what a broken file means."""

from __future__ import annotations

import io
import logging
import socket
import threading
import time
import tracemalloc

import pytest

from socialpub import errors
from socialpub.graph.client import GraphClient, Order
from socialpub.graph.media import MediaFile
from socialpub.graph.proof import sign_token
from socialpub.graph.settings import Host
from socialpub.models.secret import Secret
from tests.graph.conftest import APP_SECRET, TOKEN, SeenFile, answer, open_client, reset, take_apart

MIB = 1 << 20
DONE = {"success": True}


def file_of(content: bytes, name: str = "gates.mp4") -> MediaFile:
    return MediaFile(io.BytesIO(content), len(content), name, "video/mp4")


def upload(client: GraphClient, *, is_repeatable: bool = False, form: dict | None = None, **files: MediaFile) -> object:
    order = Order("POST", "1/videos", form=form or {}, files=files, is_repeatable=is_repeatable)
    return client.send(client.prepare(order, TOKEN))


class Endless:
    """Zeros without end, made as they are read; remembers how large the largest read was."""

    def __init__(self) -> None:
        self.largest = 0

    def read(self, size: int, /) -> bytes:
        self.largest = max(self.largest, size)
        return bytes(size)


class Failing:
    """A storage that breaks after some bytes, with a secret in its words."""

    def __init__(self, good: int) -> None:
        self._good = good

    def read(self, size: int, /) -> bytes:
        if self._good <= 0:
            raise ConnectionResetError("https://bucket.example/gates.mp4?X-Amz-Signature=very-secret")
        self._good -= size
        return bytes(size)


def test_a_form_with_files_arrives_byte_for_byte(serve):
    """Fields first, UTF-8 as it was written, the proof in the form and not in the URL."""
    content = bytes(range(256)) * 4096 + b"\r\n--tail"
    server = serve(answer(DONE))
    form = {"description": "Zażółć 🧙\r\ngęślą", "published": False, "title": None}
    upload(open_client(server.url), form=form, source=file_of(content), thumb=file_of(b"jpeg", "t.jpg"))
    [request] = server.requests
    seen = take_apart(request)
    proof = sign_token(TOKEN, APP_SECRET).reveal()
    assert (seen.path, seen.query) == ("/v26.0/1/videos", {})
    assert seen.form == {"description": form["description"], "published": "false", "appsecret_proof": proof}
    assert seen.files == {"source": SeenFile("gates.mp4", "video/mp4", content),
                          "thumb": SeenFile("t.jpg", "video/mp4", b"jpeg")}  # fmt: skip
    assert int(seen.headers["Content-Length"]) == len(seen.body)
    assert "Transfer-Encoding" not in seen.headers
    assert request.index(b'name="appsecret_proof"') < request.index(b'name="source"')


@pytest.mark.parametrize(
    "name", ['a"; name="published"\r\n\r\ntrue', "żółw 🧙.mp4", "../../etc/passwd", "a\r\nX-Evil: 1"]
)
def test_the_name_of_a_file_adds_no_field_and_no_header(serve, name: str):
    """Names come from people."""
    server = serve(answer(DONE))
    upload(open_client(server.url), source=file_of(b"bytes", name))
    seen = take_apart(server.requests[0])
    assert set(seen.form) == {"appsecret_proof"}
    assert seen.files["source"].content == b"bytes"
    assert b"\r\nX-Evil" not in seen.body


@pytest.mark.parametrize("kind", ["form", "raw"])
def test_memory_does_not_grow_with_the_file(kind: str):
    """256 MiB go out in small pieces."""
    size, stream = 256 * MIB, Endless()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        received: list[int] = []
        thread = threading.Thread(target=_swallow, args=(listener, received))
        thread.start()
        client = open_client(f"http://127.0.0.1:{listener.getsockname()[1]}", upload_timeout=30)
        file = MediaFile(stream, size, "big.mp4", "video/mp4")
        tracemalloc.start()
        if kind == "form":
            upload(client, source=file)
        else:
            client.send(client.prepare(Order("POST", "upload:1", raw=file), TOKEN))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        thread.join()
    assert received[0] >= size
    assert stream.largest <= MIB
    assert peak < 8 * MIB


def _swallow(listener: socket.socket, received: list[int]) -> None:
    """Takes one request without keeping it."""
    connection, _ = listener.accept()
    with connection:
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(4096)
        head, _, rest = head.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        size, buffer = len(rest), bytearray(MIB)
        while size < length and (count := connection.recv_into(buffer)):
            size += count
        received.append(size)
        answer(DONE)(connection)


@pytest.mark.parametrize("short_by", [1, 300_000, 600_000])
@pytest.mark.parametrize("is_repeatable", [True, False])
def test_a_file_that_ends_early_is_refused_and_was_never_whole(serve, short_by: int, is_repeatable: bool):
    """Whatever it would have published, half a request publishes nothing."""
    server = serve(answer(DONE))
    file = MediaFile(io.BytesIO(bytes(600_000 - short_by)), 600_000, "gates.mp4", "video/mp4")
    with pytest.raises(errors.InvalidPostError, match=f"ended {short_by} bytes short of the 600000 announced"):
        upload(open_client(server.url), is_repeatable=is_repeatable, source=file)
    assert server.requests == []


@pytest.mark.parametrize("good", [0, 1_200_000])
def test_a_storage_that_fails_is_tried_again_and_its_words_are_not_shown(serve, caplog, good: int):
    """A storage's exception may hold a signed URL."""
    caplog.set_level(logging.DEBUG)
    server = serve(answer(DONE))
    file = MediaFile(Failing(good), 4_000_000, "gates.mp4", "video/mp4")
    with pytest.raises(errors.TryAgainError, match="could not be read on .ConnectionResetError.") as caught:
        upload(open_client(server.url), source=file)
    assert caught.value.__context__ is None
    assert "very-secret" not in caplog.text + str(caught.value) + repr(caught.value)
    assert server.requests == []


def test_the_connection_of_a_broken_file_is_not_used_again(serve):
    """The server still waits for its bytes; the next request must not become them."""
    server = serve(answer(DONE))
    client = open_client(server.url)
    with pytest.raises(errors.InvalidPostError):
        upload(client, source=MediaFile(io.BytesIO(b"x"), 10, "a", "video/mp4"))
    client.post("1/feed", token=TOKEN, data={"message": "Hi"})
    [request] = server.requests
    assert take_apart(request).form["message"] == "Hi"


def test_only_the_announced_bytes_of_a_longer_file_are_sent(serve):
    """A chunk is a part of its file."""
    server = serve(answer(DONE))
    stream = io.BytesIO(b"0123456789")
    stream.seek(3)
    upload(open_client(server.url), source=MediaFile(stream, 4, "a", "video/mp4"))
    assert take_apart(server.requests[0]).files["source"].content == b"3456"
    assert stream.tell() == 7


def test_a_stream_that_gives_less_than_it_is_asked_for_is_read_on(serve):
    """As sockets and object storages do; only nothing at all is the end."""

    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 0, 7))

    server, content = serve(answer(DONE)), bytes(range(256)) * 10
    upload(open_client(server.url), source=MediaFile(Dripping(content), len(content), "a", "video/mp4"))
    assert take_apart(server.requests[0]).files["source"].content == content


def test_an_empty_file_is_refused_before_anything_is_sent(serve):
    """A body without a length would be sent in another way."""
    server = serve(answer(DONE))
    with pytest.raises(errors.InvalidPostError, match="“gates.mp4” is empty"):
        upload(open_client(server.url), source=file_of(b""))
    assert server.requests == []


@pytest.mark.parametrize(("is_repeatable", "kind"), [(True, errors.TryAgainError), (False, errors.OutcomeUnknownError)])
def test_an_upload_without_an_answer_is_unclear_only_if_it_publishes(serve, is_repeatable: bool, kind: type[Exception]):
    """And nothing of it is sent twice by itself."""
    server = serve(reset)
    with pytest.raises(kind):
        upload(open_client(server.url), is_repeatable=is_repeatable, source=file_of(b"bytes"))
    assert len(server.requests) == 1


def test_an_upload_that_never_left_is_not_sent():
    """As with any other request."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(errors.NotSentError):
            upload(open_client(f"http://127.0.0.1:{taken.getsockname()[1]}"), source=file_of(b"bytes"))


def test_an_upload_waits_longer_for_its_answer_than_other_requests(serve):
    """Facebook stores a video before it answers."""

    def answer_late(connection: socket.socket) -> None:
        time.sleep(1)
        answer(DONE)(connection)

    server = serve(answer_late)
    client = open_client(server.url, upload_timeout=10)
    upload(client, source=file_of(b"bytes"))
    with pytest.raises(errors.OutcomeUnknownError, match="No answer within the time"):
        client.post("1/feed", token=TOKEN, data={"message": "Hi"})


@pytest.mark.parametrize(("upload_timeout", "is_patient"), [(10, True), (0.5, False)])
def test_a_server_that_takes_no_bytes_for_a_while_has_the_patience_of_an_upload(upload_timeout, is_patient: bool):
    """Not that of a connection attempt, which would end a video at the first slow disk."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take_late() -> None:
            connection, _ = listener.accept()
            time.sleep(1.2)
            taken, size = 0, 32 * MIB
            while taken < size and (piece := connection.recv(MIB)):
                taken += len(piece)
            answer(DONE)(connection)
            connection.close()

        thread = threading.Thread(target=take_late)
        thread.start()
        client = open_client(f"http://127.0.0.1:{listener.getsockname()[1]}", upload_timeout=upload_timeout)
        file = MediaFile(Endless(), 32 * MIB, "big.mp4", "video/mp4")
        if is_patient:
            upload(client, source=file)
        else:
            with pytest.raises(errors.OutcomeUnknownError):
                upload(client, source=file)
        thread.join()


def test_a_refusal_before_the_last_byte_is_understood():
    """Facebook need not read a gigabyte to see that the token is dead."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            connection, _ = listener.accept()
            taken = len(connection.recv(65536))
            answer({"error": {"message": "Expired", "code": 190, "error_subcode": 463}}, status=400)(connection)
            while taken < 8 * MIB:
                taken += len(connection.recv(MIB))
            connection.close()

        thread = threading.Thread(target=refuse)
        thread.start()
        client = open_client(f"http://127.0.0.1:{listener.getsockname()[1]}", upload_timeout=10)
        with pytest.raises(errors.TokenRefusedError):
            upload(client, source=MediaFile(Endless(), 8 * MIB, "a", "video/mp4"))
        thread.join()


def test_nothing_of_a_prepared_upload_shows_a_secret_or_its_content(serve):
    """It is kept while a lane waits for its second, and so may be printed."""
    client = open_client(serve(answer(DONE)).url)
    prepared = client.prepare(
        Order("POST", "1/videos", form={"description": "Secret"}, files={"s": file_of(b"b")}), TOKEN
    )
    shown = repr(prepared) + repr(prepared.request.body)
    for secret in (TOKEN.reveal(), sign_token(TOKEN, APP_SECRET).reveal(), APP_SECRET.reveal(), "Secret"):
        assert secret not in shown


def test_each_host_has_its_own_proxy(serve, monkeypatch):
    """NO_PROXY may name one of Facebook's hosts and not the other."""
    proxy, graph = serve(answer(DONE)), serve(answer(DONE))
    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, proxy.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    client = open_client(graph.url, graph_video_url="http://graph-video.example")
    client.post("1/feed", token=TOKEN, data={"message": "Hi"})
    client.send(client.prepare(Order("POST", "1/videos", Host.VIDEO, form={"title": "Hi"}), TOKEN))
    assert len(graph.requests) == 1
    assert [request.split()[1] for request in proxy.requests] == [b"http://graph-video.example/v26.0/1/videos"]


@pytest.mark.parametrize("url", ["", "graph-video.facebook.com"])
def test_a_video_url_that_is_none_is_a_mistake_of_the_connection(url: str):
    """Said when the client is made, not at the first video."""
    with pytest.raises(errors.ConfigurationError, match="graph_video_url"):
        open_client("http://127.0.0.1:1", graph_video_url=url)


def test_a_token_no_header_can_carry_is_refused_for_an_upload_as_well(serve):
    """Before the file is touched."""
    stream = io.BytesIO(b"bytes")
    client = open_client(serve(answer(DONE)).url)
    with pytest.raises(errors.TokenRefusedError):
        client.prepare(
            Order("POST", "1/videos", form={}, files={"s": MediaFile(stream, 5, "a", "b/c")}), Secret("a\r\nb")
        )
    assert stream.tell() == 0
