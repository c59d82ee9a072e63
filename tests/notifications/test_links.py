"""Where a message's links lead, and that they lead nowhere else."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from socialpub.api.notice_links import create_app
from socialpub.models.encrypted import TokenCipher
from socialpub.services.notices.links import PURPOSE, LinkMaker, Target
from tests.conftest import TOKEN_KEY


@pytest.fixture
def links() -> LinkMaker:
    return LinkMaker(TokenCipher([TOKEN_KEY]).sealer(PURPOSE), "")


def open_link(mailroom, links: LinkMaker, target: Target, entity, *, draft_url: str = ""):
    app = create_app(mailroom.world.engine, lambda: links, airflow_url="http://airflow.test", draft_url=draft_url)
    return TestClient(app).get(links.make(target, entity, "x").url, follow_redirects=False)


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
    there = open_link(mailroom, links, Target.DRAFT, draft, draft_url=backoffice)
    assert there.headers["location"] == f"https://backoffice.test/larp/{larp}/drafts/{draft}"


def test_an_old_an_altered_and_an_empty_link_say_so(mailroom, links):
    """Without a word about what they led to."""
    app = create_app(mailroom.world.engine, lambda: links, airflow_url="http://airflow.test")
    assert TestClient(app).get("/made-up").status_code == 410
    old = LinkMaker(TokenCipher([TOKEN_KEY]).sealer(PURPOSE), "", timedelta(seconds=-1))
    assert open_link(mailroom, old, Target.DRAFT, uuid4()).status_code == 410
    for target in Target:
        assert open_link(mailroom, links, target, uuid4()).status_code == 404
