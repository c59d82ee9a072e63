"""A link's page is looked at within limits, and nothing of our own network is ever connected to."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from socialpub.media import public_web
from socialpub.media.findings import Severity
from socialpub.media.limits import LinkLimits
from socialpub.media.link_preview import check_link
from socialpub.media.public_web import is_public

HTML = {"Content-Type": "text/html; charset=utf-8"}
TAGS = "<meta property='og:title' content='Zapisy'><META content=\"http://a/b.jpg\" property=og:image />"
GOOD = f"<!doctype html><html><head>{TAGS}</head><body>".encode() + b"x" * 100_000
LIMITS = LinkLimits(time=timedelta(seconds=3), private_hosts=frozenset({"127.0.0.1"}))


class Site:
    """A web site that answers as it is told; remembers what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.pause = 0.0
        self.sent = 0
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                status, headers, body = site.pages[self.path]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    for at in range(0, len(body), 1000):
                        self.wfile.write(body[at : at + 1000])
                        site.sent += len(body[at : at + 1000])
                        time.sleep(site.pause)
                except OSError:
                    pass  # The reader has seen enough.

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def url(self, path: str = "/") -> str:
        return f"http://127.0.0.1:{self.server.server_port}{path}"


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()


def test_a_page_with_its_tags_is_found_good_and_not_read_to_its_end(site):
    """Tags are in the head; what follows is not asked for."""
    site.pages["/"] = (200, HTML, GOOD + b"x" * 50_000_000)
    assert check_link(site.url(), LIMITS) == []
    assert site.sent < 20_000_000


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((200, HTML, b"<head><title>Zapisy</title></head>"), "has no og:title and no og:image"),
        ((200, HTML, TAGS.replace("og:image", "og:video").encode()), "has no og:image"),
        ((200, HTML, b"<meta property='og:title' content=' '><meta property='og:image' content='x'>"), "no og:title"),
        ((200, HTML, b"<" * 400_000), "has no og:title"),
        ((200, HTML, b"<meta " * 80_000), "has no og:title"),
        ((200, HTML, b"x" * 600_000 + TAGS.encode()), "has no og:title"),
        ((200, {"Content-Type": "application/pdf"}, b"%PDF"), "leads to no web page (application/pdf)"),
        ((200, {}, b"x"), "leads to no web page (no type is given)"),
        ((404, HTML, b"gone"), "answers with HTTP 404"),
        ((503, HTML, b"later"), "answers with HTTP 503"),
        ((302, {"Location": "/"}, b""), "is redirected more than 5 times"),
        ((200, HTML | {"Content-Length": "99"}, b"<"), "can't be read"),
    ],
)
def test_what_a_preview_will_lack_is_a_warning(site, answer, words):
    """The post can go out all the same."""
    site.pages["/"] = answer
    [finding] = check_link(site.url(), LIMITS)
    assert (finding.severity, finding.name) == (Severity.WARNING, site.url())
    assert words in finding.words
    assert finding.next_step


def test_a_compressed_page_that_unpacks_to_gigabytes_is_read_to_the_limit_only(site):
    """Though it was asked for as it is."""
    site.pages["/"] = (200, HTML | {"Content-Encoding": "gzip"}, gzip.compress(bytes(200_000_000)))
    tracemalloc.start()
    try:
        assert "og:title" in check_link(site.url(), LIMITS)[0].words
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_redirects_are_followed(site):
    """Relative, absolute, and more than one."""
    site.pages = {
        "/": (301, {"Location": "/b"}, b""),
        "/b": (307, {"Location": site.url("/c?d=1#e")}, b""),
        "/c?d=1": (200, HTML, GOOD),
    }
    assert check_link(site.url(), LIMITS) == []
    assert site.asked == ["/", "/b", "/c?d=1"]


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/", "http://localhost:{port}/", "http://127.1:{port}/", "http://0:{port}/",
        "http://2130706433:{port}/", "http://[::1]:{port}/", "http://[::ffff:127.0.0.1]:{port}/", "//10.0.0.1/",
        "http://192.168.0.1/", "http://100.64.0.1/", "http://[fd00::1]/", "http://[fe80::1]/", "http://224.0.0.1/",
    ],
)  # fmt: skip
def test_a_redirect_into_our_own_network_is_an_error_and_not_followed(site, target):
    """However the address is written."""
    site.pages["/"] = (302, {"Location": target.format(port=site.server.server_port)}, b"")
    [finding] = check_link(site.url(), LIMITS)
    assert finding.severity == Severity.ERROR
    assert "which nobody outside can reach" in finding.words
    assert site.asked == ["/"]


@pytest.mark.parametrize(
    "link",
    ["file:///etc/passwd", "ftp://larp.example/", "javascript:alert(1)", "http://anna:secret@127.0.0.1/",
     "gopher://127.0.0.1:6379/_FLUSHALL"],
)  # fmt: skip
def test_what_is_no_web_address_is_an_error(site, link):
    """As a link, and as what a page redirects to."""
    assert check_link(link, LIMITS)[0].severity == Severity.ERROR
    site.pages["/"] = (302, {"Location": link}, b"")
    [finding] = check_link(site.url(), LIMITS)
    assert "is no web address" in finding.words


@contextmanager
def resolving(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> Iterator[list[tuple[str, int]]]:
    """Names get these addresses, one answer a look-up; gives the addresses that were connected to."""
    connected: list[tuple[str, int]] = []
    queue = list(answers)

    class Socket(socket.socket):
        def connect(self, address) -> None:
            connected.append(address)
            raise ConnectionRefusedError(111, "Connection refused")

    def look_up(host: str, port: int, **_: object) -> list[tuple]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in queue.pop(0)]

    with monkeypatch.context() as patch:
        patch.setattr(public_web.socket, "getaddrinfo", look_up)
        patch.setattr(public_web.socket, "socket", Socket)
        yield connected


def test_the_address_that_was_checked_is_the_one_that_is_connected_to(monkeypatch):
    """A name server that gives a public address first and a private one later gains nothing: it is asked once."""
    with resolving(monkeypatch, ["93.184.216.34"], ["127.0.0.1"]) as connected:
        [finding] = check_link("https://rebind.example/", LIMITS)
    assert connected == [("93.184.216.34", 443)]
    assert "Connection refused" in finding.words


def test_a_name_with_a_private_address_among_others_is_not_connected_to(monkeypatch):
    """Whoever answers so means us."""
    with resolving(monkeypatch, ["93.184.216.34", "10.0.0.7"]) as connected:
        [finding] = check_link("http://mixed.example/", LIMITS)
    assert (connected, finding.severity) == ([], Severity.ERROR)
    assert "mixed.example (10.0.0.7)" in finding.words


def test_a_name_that_nobody_knows_is_a_warning():
    """The page may come up before the post is due."""
    [finding] = check_link("http://no-such-host.invalid/", LIMITS)
    assert finding.severity == Severity.WARNING
    assert "can't be read" in finding.words


@pytest.mark.parametrize("is_silent", [True, False])
def test_a_server_that_answers_by_drops_or_not_at_all_is_left_in_time(is_silent):
    """A byte every tenth of a second keeps every timeout of a socket quiet, but not ours."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        is_over = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                while not is_over.wait(0.1):
                    try:
                        connection.send(b"" if is_silent else b"H")
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()
        started = time.monotonic()
        limits = LinkLimits(time=timedelta(seconds=1), private_hosts=frozenset({"127.0.0.1"}))
        [finding] = check_link(f"http://127.0.0.1:{server.getsockname()[1]}/", limits)
        is_over.set()
    assert time.monotonic() - started < 2
    assert "can't be read (not within 1 s)" in finding.words


def test_a_body_that_comes_by_drops_is_left_in_time(site):
    """As above, behind good headers."""
    site.pause = 0.2
    site.pages["/"] = (200, HTML, b"x" * 100_000)
    started = time.monotonic()
    [finding] = check_link(site.url(), LinkLimits(time=timedelta(seconds=1), private_hosts=LIMITS.private_hosts))
    assert time.monotonic() - started < 2
    assert "not within 1 s" in finding.words


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_public(address):
    """Also behind a gateway."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1%eth0", "fd00::1", "ff02::1", "::ffff:10.0.0.1",
     "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:0:1:2:3:4:80ff:fffe", "2001:db8::1"],
)  # fmt: skip
def test_all_others_are_not(address):
    """Loopback, private, link-local, shared, multicast, reserved, and IPv4 in the dress of IPv6."""
    assert not is_public(address)
