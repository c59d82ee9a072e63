"""What an edit, a cancel or a second upload left at Facebook is deleted, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.media.samples import video
from tests.services.conftest import PAGE

from graph_sandbox.samples import make_png
from socialpub.services.clean_up import CleanUpLimits, clean_up

CHANGES = {
    "edited": "update social_drafts set body = 'Inna treść'",
    "canceled": "update social_scheduled_posts set status = 'canceled', status_reason = 'Odwołane'",
    "removed": "delete from social_draft_assets",
}


@pytest.fixture
def larp(desk):
    return desk.world.add_page()


def uploaded(desk, larp, kind="photo"):
    """A scheduled draft whose asset is at Facebook already."""
    content = make_png(1) if kind == "photo" else video()
    draft = desk.world.add_media_draft(larp, {"type": kind, "storage_path": desk.put("file", content)})
    post = desk.world.schedule_draft(draft, due_in=3600)
    publisher = desk.publisher()
    from socialpub.services.arm import load_posts

    [loaded] = load_posts(publisher.engine, publisher.run, [post], is_working=False)
    token, now = publisher.open_token(loaded.page), publisher.clock.now()
    desk.uploader().upload_assets(draft, loaded.page, token, needed_until=now + timedelta(hours=2))
    return post


def run(desk, **limits):
    return clean_up(desk.publisher(), CleanUpLimits(**limits))


def waiting(desk):
    return desk.world.one("select count(*) from social_media_cleanups where done_at is null")[0]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["photo", "video"])
def test_what_was_uploaded_for_nothing_is_deleted(desk, larp, kind, change):
    uploaded(desk, larp, kind)
    found = desk.sandbox.control.photos if kind == "photo" else desk.sandbox.control.videos
    assert len(found(PAGE)) == 1
    desk.world.run(CHANGES[change], user="backoffice_login")
    assert run(desk) == {"done": 1}
    assert (found(PAGE), waiting(desk)) == ([], 0)
    assert run(desk) == {}


def test_what_is_gone_already_is_done(desk, larp):
    """Somebody deleted it, or Facebook did after its 24 hours."""
    uploaded(desk, larp)
    desk.world.run(CHANGES["canceled"], user="backoffice_login")
    desk.sandbox.control.advance_clock(2 * 86400)
    assert run(desk) == {"done": 1}


@pytest.mark.parametrize("kind", ["photo", "video"])
def test_what_a_live_post_shows_stays(desk, larp, kind):
    """Even if a row asks for it, by whatever mistake."""
    import time

    post = uploaded(desk, larp, kind)
    desk.later(60)
    desk.scan_and_work()
    while desk.world.status(post) == "publishing":
        time.sleep(0.2)
        desk.work(post)
    assert desk.world.status(post) == "published"
    desk.world.run(
        "insert into social_media_cleanups (connection_id, media_id, kind, reason)"
        " select page.id, asset.facebook_media_id, asset.type, 'Irrtum'"
        " from facebook_page_connections as page, social_draft_assets as asset"
    )
    desk.world.run("update social_draft_assets set facebook_media_id = null, upload_state = 'not_uploaded'")
    assert run(desk) == {"kept": 1}
    assert desk.world.one("select last_error from social_media_cleanups") == ("A live post shows it.",)
    assert len(desk.live()) == 1


def test_what_a_draft_still_uses_stays(desk, larp):
    uploaded(desk, larp)
    desk.world.run(
        "insert into social_media_cleanups (connection_id, media_id, kind, reason)"
        " select page.id, asset.facebook_media_id, 'photo', 'Irrtum'"
        " from facebook_page_connections as page, social_draft_assets as asset"
    )
    assert run(desk) == {"kept": 1}
    assert len(desk.sandbox.control.photos(PAGE)) == 1


def test_a_post_that_a_row_of_ours_published_is_never_deleted(desk, larp):
    post = desk.world.schedule(larp, body="Nasz")
    desk.scan_and_work()
    desk.world.run(
        "insert into social_media_cleanups (connection_id, media_id, kind, reason)"
        " select connection_id, facebook_post_id, 'post', 'Irrtum' from social_scheduled_posts where id = %s", post,
    )  # fmt: skip
    assert run(desk) == {"kept": 1}
    assert desk.live() == ["Nasz"]


@pytest.mark.parametrize("fault", ["error_500_code2", "committed_then_500", "reset", "permission_10"])
def test_a_clean_up_that_fails_is_tried_again_after_a_growing_while(desk, larp, fault):
    """Twice as long each time; the error is on the row."""
    uploaded(desk, larp)
    desk.world.run(CHANGES["canceled"], user="backoffice_login")
    desk.sandbox.control.add_fault(fault, method="DELETE")
    assert run(desk) == {"waiting": 1}
    assert desk.world.one("select attempts, last_error is not null from social_media_cleanups") == (1, True)
    assert run(desk) == {}
    desk.later(5)
    assert run(desk) == {"done": 1}
    assert desk.sandbox.control.photos(PAGE) == []


def test_a_clean_up_that_never_works_is_given_up_where_people_see_it(desk, larp):
    """Its row stays open with the error, and is not asked for any more."""
    uploaded(desk, larp)
    desk.world.run(CHANGES["canceled"], user="backoffice_login")
    desk.sandbox.control.add_fault("permission_10", method="DELETE", times=0)
    assert run(desk, max_tries=2) == {"waiting": 1}
    desk.later(5)
    assert run(desk, max_tries=2) == {"given_up": 1}
    desk.later(600)
    assert run(desk, max_tries=2) == {}
    assert desk.world.one("select done_at, attempts, last_error like '%%permission%%' from social_media_cleanups") == (
        None, 2, True,
    )  # fmt: skip


def test_a_rate_limit_ends_the_run_and_closes_the_window(desk, larp):
    uploaded(desk, larp)
    desk.world.run(CHANGES["canceled"], user="backoffice_login")
    desk.sandbox.control.add_fault("throttle_80001", method="DELETE", regain_minutes=9)
    assert run(desk) == {"waiting": 1}
    assert desk.world.one("select rate_limited_until > now() from facebook_page_connections") == (True,)
