"""Media brought to Facebook hours ahead: found, resumed after a kill, and given up with an edit."""

from __future__ import annotations

import multiprocessing
import os
from datetime import timedelta

import psycopg
import pytest
from tests.services.conftest import CHUNKED, PAGE
from tests.services.test_media_posts import MIB, photo, schedule, settle, video

from socialpub.db.posts import Run
from socialpub.errors import MediaRefusedError
from socialpub.graph import video_upload
from socialpub.media.limits import UploadLimits
from socialpub.services.preupload import find_uploads, preupload_post


@pytest.fixture
def larp(world):
    return world.add_page()


def find(desk):
    return find_uploads(
        desk.world.engine(), Run("preupload_media", "1"), UploadLimits(), claim_ahead=timedelta(seconds=75)
    )


def preupload(desk, post):
    return preupload_post(desk.uploader(), desk.publisher().open_token, post)


def test_only_what_is_due_within_20_hours_and_not_uploaded_is_found(desk, larp):
    soon = schedule(desk, larp, photo(desk, "a.png"), due_in=3600)
    schedule(desk, larp, photo(desk, "b.png"), due_in=21 * 3600)
    schedule(desk, larp, photo(desk, "c.png"), due_in=30)
    desk.world.schedule(larp, due_in=3600)
    assert find(desk) == [soon]
    preupload(desk, soon)
    assert find(desk) == []
    assert desk.live() == []


def test_a_bad_file_is_named_hours_before(desk, larp):
    bad = {"type": "photo", "storage_path": desk.put("bad.png", b"GIF89a, cut off")}
    post = schedule(desk, larp, bad, due_in=3600)
    with pytest.raises(MediaRefusedError, match="bad.png"):
        preupload(desk, post)
    assert desk.world.status(post) == "pending"


def test_an_edit_gives_up_what_was_uploaded(desk, larp):
    """What nobody will see is to be deleted at Facebook, and nothing of it goes out."""
    post = schedule(desk, larp, photo(desk, "a.png"), due_in=3600)
    preupload(desk, post)
    desk.world.run("update social_drafts set body = 'Other'", user="backoffice_login")
    [uploaded] = desk.sandbox.control.photos(PAGE)
    assert desk.world.one("select media_id from social_media_cleanups where done_at is null") == (uploaded.id,)
    assert desk.world.one("select upload_state, facebook_media_id from social_draft_assets") == ("not_uploaded", None)


def test_a_link_beside_photos_is_refused_before_anyone_approves_it(desk, larp):
    draft = desk.world.add_media_draft(larp, photo(desk, "a.png"))
    desk.world.run("update social_drafts set link = 'https://larp.example/'", user="backoffice_login")
    with pytest.raises(psycopg.Error, match="link beside its photos"):
        desk.world.run(
            "update social_drafts set status = 'pending_approval' where id = %s", draft, user="backoffice_login"
        )


@pytest.mark.parametrize("chunk", [1, 3, 5])
def test_a_killed_upload_goes_on_where_it_stopped(desk, larp, chunk):
    """Killed after a chunk: what arrived is not sent again, and one video comes of it."""
    desk.limits = CHUNKED
    desk.sandbox.control.change_settings(processing_seconds=0.1, chunk_bytes=MIB)
    post = schedule(desk, larp, video(desk, "trailer.mp4", 6 * MIB), due_in=3600)
    worker = multiprocessing.get_context("fork").Process(target=_upload_and_die, args=(desk, post, chunk))
    worker.start()
    worker.join()
    assert worker.exitcode == 9
    preupload(desk, post)
    sent = sum(file["bytes"] for arrival in desk.sandbox.control.arrivals(edge="videos") for file in arrival.files)
    size = (desk.media / "trailer.mp4").stat().st_size
    assert size <= sent <= size + MIB
    desk.later(61)
    desk.scan_and_work()
    settle(desk, post)
    assert desk.world.status(post) == "published"
    assert len(desk.sandbox.control.videos(PAGE)) == 1


def _upload_and_die(desk, post, chunk):
    """At the moment when that chunk's answer came and nothing of it is saved yet: the worst one."""
    transfer, count = video_upload.transfer, 0

    def transfer_and_die(*args):
        nonlocal count
        count += 1
        moved = transfer(*args)
        if count == chunk:
            os._exit(9)
        return moved

    video_upload.transfer = transfer_and_die
    preupload(desk, post)
