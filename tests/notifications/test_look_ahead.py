"""The look at files and links of the next day, against a real folder and a real web site."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from socialpub.hooks.storage import AirflowMediaStore
from socialpub.media.limits import LinkLimits, MediaLimits
from socialpub.media.places import MediaPlaces
from socialpub.services.digest.look_ahead import LookAhead
from socialpub.services.digest.send_digests import DigestOrder, send_digests
from tests.media.samples import photo

LINKS = LinkLimits(time=timedelta(seconds=3), private_hosts=frozenset({"127.0.0.1"}))


class Site:
    """Counts who asks; a page is good, everything else is missing."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                self.send_response(200 if self.path == "/good" else 404)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<meta property='og:title' content='T'><meta property='og:image' content='I'>")

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    threading.Thread(target=site.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield site
    site.server.shutdown()
    site.server.server_close()


def read_digest(mailroom, root: Path | str, **more: timedelta) -> str:
    engine = mailroom.world.engine()
    try:
        look = LookAhead(engine, AirflowMediaStore(MediaPlaces(str(root))), MediaLimits(), LINKS, **more)
        [text] = send_digests(engine, mailroom.writer, DigestOrder(is_dry_run=True), checks=[look]).shown
    finally:
        engine.dispose()
    return text


def test_links_are_reached_once_each_and_missing_ones_are_told(mailroom, site):
    """Two posts with one link ask once or, at the same moment, twice; never once a post."""
    larp = mailroom.world.add_page()
    for number in range(12):
        mailroom.world.schedule(larp, body=f"B{number}", link=f"{site.url}/gone", due_in=3600)
    mailroom.world.schedule(larp, body="good", link=f"{site.url}/good", due_in=3600)
    text = read_digest(mailroom, "")
    assert text.count(f"! The page of the link {site.url}/gone answers with HTTP 404. Next: check the link") == 12
    assert f"{site.url}/good" not in text
    assert site.asked.count("/good") == 1
    assert 1 <= site.asked.count("/gone") <= 4


def test_files_are_looked_at_unless_facebook_has_them(mailroom, tmp_path):
    """Missing, not a photo, good, uploaded already; a video is only looked for."""
    larp = mailroom.world.add_page()
    (tmp_path / "good.jpg").write_bytes(photo())
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    (tmp_path / "film.mp4").write_bytes(b"no film")
    files = {"good.jpg": "photo", "broken.jpg": "photo", "gone.jpg": "photo", "uploaded.jpg": "photo",
             "film.mp4": "video", "lost.mp4": "video"}  # fmt: skip
    for name, kind in files.items():
        draft = mailroom.world.add_media_draft(larp, {"type": kind, "storage_path": name}, body=name)
        mailroom.world.schedule_draft(draft, due_in=3600)
    mailroom.world.run(
        "update social_draft_assets set upload_state = 'uploaded', facebook_media_id = '1', uploaded_at = now()"
        " where storage_path = 'uploaded.jpg'"
    )
    text = read_digest(mailroom, tmp_path)
    assert "“gone.jpg” is not there. Next: store the file there" in text
    assert "“lost.mp4” is not there." in text
    assert "“broken.jpg”" in text
    assert not any(f"“{name}”" in text for name in ("good.jpg", "uploaded.jpg", "film.mp4"))


def test_media_that_are_not_set_up_are_a_finding_and_no_end_of_the_digest(mailroom):
    """The digest is what tells it."""
    draft = mailroom.world.add_media_draft(mailroom.world.add_page(), {"type": "photo", "storage_path": "a.jpg"})
    mailroom.world.schedule_draft(draft, due_in=3600)
    assert "! Its files can't be looked at:" in read_digest(mailroom, "")


def test_what_was_not_looked_at_says_so(mailroom, site):
    """A post with neither file nor link has nothing to be looked at."""
    larp = mailroom.world.add_page()
    mailroom.world.schedule(larp, body="linked", link=f"{site.url}/gone", due_in=3600)
    mailroom.world.schedule(larp, body="plain", due_in=3600)
    text = read_digest(mailroom, "", patience=timedelta(0))
    assert text.count("Nobody has looked at its files and link: there were too many for one morning.") == 1
    assert site.asked == []


def test_a_look_is_what_the_settings_say(mailroom, monkeypatch, tmp_path):
    """As the task opens it."""
    from socialpub.operators.notify import open_look_ahead
    from socialpub.settings import load_settings

    monkeypatch.setenv("SOCIALPUB_MEDIA_ROOT", str(tmp_path))
    monkeypatch.setenv("SOCIALPUB_LINK_SECONDS", "7")
    load_settings.cache_clear()
    engine = mailroom.world.engine()
    look = open_look_ahead(engine)
    load_settings.cache_clear()
    engine.dispose()
    assert look.store == AirflowMediaStore(MediaPlaces(str(tmp_path)))
    assert look.link_limits.time == timedelta(seconds=7)
