"""Answers no documentation promises: each still ends in a value or in a GraphError that the database can keep."""

from __future__ import annotations

import gzip
import json
import socket
import time

import pytest

from socialpub import errors
from socialpub.graph.client import LONGEST_ANSWER
from socialpub.graph.posts import FeedPost
from tests.graph.conftest import TOKEN, Reply, answer, open_client, raw, then_close
from tests.graph.publishing import publish_feed_post

POST = FeedPost("Gates open at 18:00")
PUBLISHED = json.dumps({"id": "1_2"}).encode()
PACKED = gzip.compress(PUBLISHED)
GZIP = {"Content-Encoding": "gzip"}


def head(*lines: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")


def publish(url: str) -> object:
    return publish_feed_post(open_client(url), "1", TOKEN, POST)


def trickle(data: bytes) -> Reply:
    def send(connection: socket.socket) -> None:
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(0.002)

    return send


@pytest.mark.parametrize(
    "reply",
    [
        answer(PUBLISHED),
        answer(b"\xef\xbb\xbf" + PUBLISHED),
        answer(PACKED, headers=GZIP),
        trickle(head("Content-Encoding: gzip", f"Content-Length: {len(PACKED)}") + PACKED),
        raw(head("Transfer-Encoding: chunked") + b"".join(b"1\r\n%c\r\n" % byte for byte in PUBLISHED) + b"0\r\n\r\n"),
        then_close(raw(head() + PUBLISHED)),
        raw(head(status="100 Continue") + head(f"Content-Length: {len(PUBLISHED)}") + PUBLISHED),
    ],
    ids=["plain", "byte order mark", "gzip", "gzip byte by byte", "chunked", "until closed", "after 100"],
)
def test_a_success_is_read_however_it_is_packed(serve, reply: Reply):
    """A confirmation that is not understood costs a read-back."""
    assert publish(serve(reply).url).id == "1_2"


@pytest.mark.parametrize(
    "reply",
    [
        answer(PACKED[:-12], headers=GZIP),
        answer(b"no gzip", headers=GZIP),
        answer(PUBLISHED, headers={"Content-Encoding": "gzip, gzip, gzip, gzip, gzip, gzip, gzip"}),
        raw(head("Content-Length: 5, 6") + PUBLISHED),
        then_close(raw(head("Transfer-Encoding: chunked") + b"-5\r\n{}\r\n0\r\n\r\n")),
        raw(head("X-Long: " + "a" * 70_000) + PUBLISHED),
        raw(head(*(f"X-{number}: 1" for number in range(200))) + PUBLISHED),
        raw(head(status="9999 Strange") + PUBLISHED),
        raw(head(status="204 No Content")),
        raw(b"\x00" * 100 + b"\r\n"),
        answer(b'{"error": {"code": ' + b"9" * 5000 + b"}}", status=400),
    ],
)  # fmt: skip
def test_an_answer_that_breaks_the_rules_leaves_a_write_unclear(serve, reply: Reply):
    """Never an exception of the HTTP library, never a second request."""
    server = serve(reply)
    with pytest.raises(errors.OutcomeUnknownError):
        publish(server.url)
    assert len(server.writes) == 1


def test_a_small_answer_that_unpacks_to_a_huge_one_is_given_up(serve):
    """The limit counts unpacked bytes."""
    bomb = gzip.compress(b" " * 30 * LONGEST_ANSWER)
    assert len(bomb) < LONGEST_ANSWER / 10
    with pytest.raises(errors.OutcomeUnknownError, match="too long"):
        publish(serve(answer(bomb, headers=GZIP)).url)


@pytest.mark.parametrize(
    "target", ["http://[broken", "http://host:99999/", "http://\xff\xfe/", "mailto:x", "/v26.0/1/feed", ""]
)
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_the_target_of_a_redirect_is_not_even_read(serve, method: str, target: str):
    """Nobody goes there, so it can't be wrong; the token stays with the host of the connection."""
    server = serve(raw(head("Content-Length: 0", f"Location: {target}", status="302 Found")))
    kind = errors.TryAgainError if method == "get" else errors.OutcomeUnknownError
    with pytest.raises(kind):
        getattr(open_client(server.url), method)("1/feed", token=TOKEN)
    assert len(server.requests) == 1


def test_the_body_of_a_redirect_has_the_same_limit(serve):
    """A redirect is an answer like any other."""
    server = serve(answer(b"x" * (LONGEST_ANSWER + 1), status=302, headers={"Location": "/"}))
    with pytest.raises(errors.OutcomeUnknownError, match="too long"):
        publish(server.url)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": ""},
        {"id": None},
        {"id": "2"},
        {"id": 12},
        {"id": "9_2"},
        {"id": "1_"},
        {"id": "1_2_3"},
        {"id": "1_2\n"},
        {"id": ["1_2"]},
        {"post_id": "1_2"},
        {"success": True},
        {"data": {"id": "1_2"}},
    ],
    ids=str,
)
def test_a_success_without_the_id_of_a_post_of_this_page_is_unclear(serve, body: dict):
    """Something may be on the Page, and nothing says what."""
    server = serve(answer(body))
    with pytest.raises(errors.OutcomeUnknownError, match="no id of a post of this Page"):
        publish(server.url)
    assert len(server.writes) == 1


def test_a_success_that_cannot_be_stored_as_it_is_keeps_its_id(serve):
    """A broken permalink must not lose a published post."""
    body = b'{"id": "1_2", "permalink_url": "https://x/\\ud83d\\u0000", "created_time": 9e99}'
    made = publish(serve(answer(body)).url)
    assert (made.id, made.permalink_url, made.created_time) == ("1_2", "https://x/\ufffd\ufffd", None)


def test_words_cut_inside_an_emoji_can_be_stored(serve):
    """Half a surrogate pair is valid in JSON and in no UTF-8 text."""
    error = b'{"error": {"message": "Cut\\ud83d\\u0000", "code": 100, "fbtrace_id": "A\\udc00z"}}'
    with pytest.raises(errors.InvalidPostError) as caught:
        publish(serve(answer(error, status=400)).url)
    failure = caught.value.failure
    assert (failure.message, failure.fbtrace_id) == ("Cut", "A z")


@pytest.mark.parametrize("number", [2**31, -(2**31) - 1, 10**30, "99999999999"])
def test_a_code_wider_than_its_column_is_no_code(serve, number: object):
    """The attempt must be closed, and its column takes 32 bits."""
    error = {"message": "?", "code": number, "error_subcode": number}
    with pytest.raises(errors.OutcomeUnknownError) as caught:
        publish(serve(answer({"error": error}, status=400)).url)
    assert (caught.value.failure.code, caught.value.failure.subcode) == (None, None)


@pytest.mark.parametrize("error", ["Service Unavailable", ["x"], {"code": {}}, {"message": [1]}, 7, True])
def test_an_error_of_another_shape_is_still_an_error(serve, error: object):
    """With status 200 as well: an error inside a success is an error."""
    with pytest.raises(errors.OutcomeUnknownError):
        publish(serve(answer({"id": "1_2", "error": error})).url)
