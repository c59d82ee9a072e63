"""Files come in by pieces, survive broken connections, and become assets only as a whole."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from urllib.parse import urlsplit

import pytest
import requests
from tests.api.conftest import PREFIX, SIGNER

SIZE = 300_000
CONTENT = os.urandom(SIZE)


@pytest.fixture
def desk(site):
    return Desk(site)


class Desk:
    def __init__(self, site, roles=("marketing_coordinator",)) -> None:
        self.site, self.session = site, requests.Session()
        self.session.headers["authorization"] = f"Bearer {SIGNER.token('anna', {str(site.larp): list(roles)})}"
        self.root = f"{site.url}{PREFIX}/backoffice/larp/{site.larp}/social/uploads"

    def begin(self, size=SIZE, mime_type="image/png") -> requests.Response:
        return self.session.post(self.root, json={"mime_type": mime_type, "size_bytes": size})

    def send(self, upload_id: str, content: bytes, offset: int, **headers: str) -> requests.Response:
        told = {"content-type": "application/offset+octet-stream", "upload-offset": str(offset)} | headers
        return self.session.patch(f"{self.root}/{upload_id}", data=content, headers=told)

    def show(self, upload_id: str) -> requests.Response:
        return self.session.get(f"{self.root}/{upload_id}")


def test_a_file_in_two_pieces_is_whole_and_in_the_media_root(desk, tmp_path):
    begun = desk.begin()
    assert begun.status_code == 201 and begun.headers["location"].endswith(begun.json()["id"])
    upload_id = begun.json()["id"]
    first = desk.send(upload_id, CONTENT[:100_000], 0)
    assert (first.status_code, first.headers["upload-offset"], first.json()["is_complete"]) == (200, "100000", False)
    assert not list((tmp_path / "media").rglob("*.png"))
    last = desk.send(upload_id, CONTENT[100_000:], 100_000).json()
    assert last["is_complete"] and last["checksum_sha256"] == hashlib.sha256(CONTENT).hexdigest()
    [stored] = (tmp_path / "media").rglob("*.png")
    assert stored.read_bytes() == CONTENT and str(desk.site.larp) in str(stored)
    assert not list((tmp_path / "media").rglob("*.part"))
    assert desk.show(upload_id).json() == last


def test_what_came_before_a_broken_connection_is_kept(desk):
    upload_id = desk.begin().json()["id"]
    address = urlsplit(desk.site.url)
    with socket.create_connection((address.hostname, address.port)) as line:
        line.sendall(open_request(desk, upload_id) + CONTENT[:50_000])
        time.sleep(0.5)  # So that the app has read it when the line breaks.
    deadline = time.monotonic() + 10
    while not (received := desk.show(upload_id).json()["received_bytes"]) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert received == 50_000
    assert desk.send(upload_id, CONTENT[received:], received).json()["is_complete"]


def test_a_line_that_died_without_a_word_does_not_hold_the_file(desk, monkeypatch):
    """A phone that lost its network closes nothing; the upload goes on over another line, from what came."""
    monkeypatch.setattr("socialpub.api.uploads._SILENCE_SECONDS", 0.5)
    upload_id = desk.begin().json()["id"]
    address = urlsplit(desk.site.url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as line:
        line.sendall(open_request(desk, upload_id) + CONTENT[:50_000])
        deadline = time.monotonic() + 10
        while not (sent := desk.send(upload_id, CONTENT[50_000:], 50_000)).ok and time.monotonic() < deadline:
            assert sent.json()["code"] == "upload_conflict"
            time.sleep(0.05)
        assert sent.json()["checksum_sha256"] == hashlib.sha256(CONTENT).hexdigest()
        answer = line.makefile("rb").read()  # To its end: the app has closed it.
    assert answer.startswith(b"HTTP/1.1 408") and b'"upload_silent"' in answer


def test_a_whole_file_whose_end_nobody_saw_is_finished_by_an_empty_piece(desk, tmp_path):
    """As after a server that died between the last byte and its answer."""
    upload_id = desk.begin().json()["id"]
    (tmp_path / "media" / ".incoming").mkdir(exist_ok=True)
    (tmp_path / "media" / ".incoming" / f"{upload_id}.part").write_bytes(CONTENT)
    seen = desk.show(upload_id).json()
    assert (seen["received_bytes"], seen["is_complete"]) == (SIZE, False)
    assert desk.send(upload_id, b"", SIZE).json()["is_complete"]


def open_request(desk, upload_id: str) -> bytes:
    """The head of a request for the whole file."""
    return (
        f"PATCH {urlsplit(desk.root).path}/{upload_id} HTTP/1.1\r\nHost: x\r\nUpload-Offset: 0\r\n"
        f"Authorization: {desk.session.headers['authorization']}\r\nContent-Length: {len(CONTENT)}\r\n"
        "Content-Type: application/offset+octet-stream\r\n\r\n"
    ).encode()


@pytest.mark.parametrize("offset", [1, 299_999, 400_000])
def test_a_piece_that_does_not_go_on_where_the_file_ends_is_refused(desk, offset):
    upload_id = desk.begin().json()["id"]
    answer = desk.send(upload_id, b"x", offset)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_conflict")
    assert "Upload-Offset 0" in answer.json()["next_step"]


def test_more_than_was_announced_is_refused_and_not_kept(desk):
    upload_id = desk.begin(size=10).json()["id"]
    assert desk.send(upload_id, b"x" * 11, 0).status_code == 409
    assert desk.show(upload_id).json()["received_bytes"] == 0


def test_a_finished_upload_takes_no_more(desk):
    upload_id = desk.begin(size=1).json()["id"]
    assert desk.send(upload_id, b"x", 0).json()["is_complete"]
    assert desk.send(upload_id, b"y", 1).status_code == 409


@pytest.mark.parametrize(
    ("size", "mime_type", "status"),
    [(0, "image/png", 422), (-1, "image/png", 422), (1, "text/html", 422), (200_000_001, "image/png", 409),
     ((2 << 30) + 1, "video/mp4", 409), (2**60, "video/mp4", 422)],
)  # fmt: skip
def test_what_can_not_become_an_asset_is_refused_before_its_bytes_come(desk, size, mime_type, status):
    assert desk.begin(size, mime_type).status_code == status


def test_uploads_of_another_larp_do_not_exist(desk):
    upload_id = desk.begin().json()["id"]
    other = desk.site.add_larp()
    desk.session.headers["authorization"] = f"Bearer {SIGNER.token('ola', {str(other): ['admin']})}"
    assert desk.show(upload_id).json()["code"] == "unknown_larp"
    desk.root = desk.root.replace(str(desk.site.larp), str(other))
    assert (desk.show(upload_id).status_code, desk.send(upload_id, b"x", 0).status_code) == (404, 404)


def test_a_repeated_announcement_is_the_same_upload(site):
    """One whose answer did not come is sent again."""
    desk = Desk(site)
    order, key = {"mime_type": "image/png", "size_bytes": 9}, {"idempotency-key": "photo-1"}
    first, again = (desk.session.post(desk.root, json=order, headers=key) for _ in range(2))
    assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert site.world.one("select count(*) from social_uploads") == (1,)
