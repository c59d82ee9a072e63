"""Where a message's links lead, and that they lead nowhere else."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from socialpub.api.notice_links import LinkResources, create_links_app, draw_stored
from socialpub.db.engine import open_engine
from socialpub.errors import TokenKeyError
from socialpub.hooks.notices import LINKS_PREFIX, open_writer
from socialpub.models.encrypted import TokenCipher
from socialpub.services.notices.links import PURPOSE, LinkMaker, Target
from socialpub.settings import load_settings
from tests.conftest import TOKEN_KEY
from tests.media.samples import photo


@pytest.fixture
def links() -> LinkMaker:
    return LinkMaker(TokenCipher([TOKEN_KEY]).sealer(PURPOSE), "")


def client(mailroom, links: LinkMaker, *, draft_url: str = "") -> TestClient:
    resources = LinkResources(mailroom.world.engine, lambda: links, lambda: "http://airflow.test", lambda: draft_url)
    return TestClient(create_links_app(resources))


def open_link(mailroom, links: LinkMaker, target: Target, entity, *, draft_url: str = ""):
    with client(mailroom, links, draft_url=draft_url) as browser:
        return browser.get(links.make(target, entity, "x").url, follow_redirects=False)


def test_links_lead_to_the_live_post_the_run_and_the_draft(mailroom, links):
    """What is linked is looked up when it is opened; nobody but the reader learns the link."""
    larp = mailroom.world.add_page()
    post = mailroom.world.schedule(larp, title="<b>Hej</b>", body="<script>x</script>")
    mailroom.become(post, "published")
    live = open_link(mailroom, links, Target.LIVE_POST, post)
    assert (live.status_code, live.headers["location"]) == (307, "https://www.facebook.com/1/posts/2")
    run = open_link(mailroom, links, Target.AIRFLOW_RUN, post)
    assert run.headers["location"] == "http://airflow.test/dags/publish_due_posts/runs/scheduled__1"
    (draft,) = mailroom.world.one("select draft_id from social_scheduled_posts where id = %s", post)
    page = open_link(mailroom, links, Target.DRAFT, draft)
    assert "&lt;b&gt;Hej" in page.text
    assert "<script>" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    backoffice = "https://backoffice.test/larp/{larp_id}/drafts/{draft_id}"
    assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    there = open_link(mailroom, links, Target.DRAFT, draft, draft_url=backoffice)
    assert there.headers["location"] == f"https://backoffice.test/larp/{larp}/drafts/{draft}"


def test_a_picture_is_drawn_small_and_its_link_ends_like_the_others(mailroom, links):
    """Made here, so that no byte of the file itself leaves; nothing is told of one that is gone."""
    draft = mailroom.world.add_media_draft(mailroom.world.add_page(), {"type": "photo", "storage_path": "a.jpg"})
    [asset] = mailroom.world.one("select id from social_draft_assets where draft_id = %s", draft)
    asked: list[str] = []
    resources = LinkResources(mailroom.world.engine, lambda: links, draw=lambda path: asked.append(path) or b"JPEG")
    with TestClient(create_links_app(resources)) as browser:
        shown = browser.get(links.make(Target.PICTURE, asset, "").url)
        old = LinkMaker(TokenCipher([TOKEN_KEY]).sealer(PURPOSE), "", timedelta(seconds=-1))
    assert (shown.status_code, shown.content, shown.headers["content-type"]) == (200, b"JPEG", "image/jpeg")
    assert asked == ["a.jpg"] and shown.headers["cache-control"] == "private, max-age=86400"
    assert open_link(mailroom, old, Target.PICTURE, asset).status_code == 410


def test_the_picture_of_a_link_is_that_of_the_media_of_the_settings(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """As a JPEG of 960 pixels at most, whatever the file is."""
    (tmp_path / "a.png").write_bytes(photo("PNG", (2000, 1000)))
    monkeypatch.setenv("SOCIALPUB_MEDIA_ROOT", str(tmp_path))
    load_settings.cache_clear()
    drawn = Image.open(io.BytesIO(draw_stored("a.png")))
    load_settings.cache_clear()
    assert (drawn.format, drawn.size) == ("JPEG", (960, 480))


def test_an_old_an_altered_and_an_empty_link_say_so(mailroom, links):
    """Without a word about what they led to."""
    assert client(mailroom, links).get("/made-up").status_code == 410
    old = LinkMaker(TokenCipher([TOKEN_KEY]).sealer(PURPOSE), "", timedelta(seconds=-1))
    assert open_link(mailroom, old, Target.DRAFT, uuid4()).status_code == 410
    for target in Target:
        assert open_link(mailroom, links, target, uuid4()).status_code == 404


def test_without_keys_or_database_a_link_says_not_now(mailroom, links):
    """And nothing of what is wrong: whoever has a link need not be one of the operators."""
    larp = mailroom.world.add_page()
    url = links.make(Target.DRAFT, mailroom.world.add_draft(larp), "x").url

    def refuse():
        raise TokenKeyError("There is no key.", next_step="set SOCIALPUB_TOKEN_KEYS.")

    def dead_engine():
        return open_engine("postgresql+psycopg://u:hush@127.0.0.1:1/x", pool_size=1)

    for resources in (LinkResources(mailroom.world.engine, refuse), LinkResources(dead_engine, lambda: links)):
        answer = TestClient(create_links_app(resources)).get(url)
        assert answer.status_code == 503
        assert not re.search("key|127.0.0.1|hush", answer.text)


def test_links_lie_below_the_address_that_people_reach(monkeypatch: pytest.MonkeyPatch):
    """SOCIALPUB_PUBLIC_URL is that of the plugin's app, and the links' app is mounted below it."""
    monkeypatch.setenv("SOCIALPUB_TOKEN_KEYS", TOKEN_KEY)
    monkeypatch.setenv("SOCIALPUB_PUBLIC_URL", "https://social.example/socialpub/")
    load_settings.cache_clear()
    writer = open_writer()
    load_settings.cache_clear()
    assert writer.public_url == "https://social.example/socialpub"
    assert writer.links.base_url == f"{writer.public_url}/links"
    assert LINKS_PREFIX == "/socialpub/links"
