"""Posts with photos and videos, from their files to the Page."""

from __future__ import annotations

import random
import time

import pytest
from tests.media import samples
from tests.services.conftest import CHUNKED, PAGE

from graph_sandbox.samples import make_png
from socialpub.media.limits import MediaLimits

MIB = 1 << 20


@pytest.fixture
def larp(world):
    return world.add_page()


def schedule(desk, larp, *assets, due_in=0.0, **draft):
    return desk.world.schedule_draft(desk.world.add_media_draft(larp, *assets, **draft), due_in=due_in)


def photo(desk, name, seed=0, **columns):
    return {"type": "photo", "storage_path": desk.put(name, make_png(seed)), **columns}


def video(desk, name, size=2 * MIB, **columns):
    return {
        "type": "video",
        "storage_path": desk.put(name, samples.video(data=random.Random(0).randbytes(size))),
        **columns,
    }


def settle(desk, post, seconds=10):
    """Visit the lane as its rescheduled task would, until Facebook is through with the video."""
    deadline = time.monotonic() + seconds
    while desk.world.status(post) == "publishing" and time.monotonic() < deadline:
        time.sleep(0.2)
        desk.work(post)


def test_one_photo_is_a_timeline_post(desk, larp):
    """Uploaded unpublished, then attached, with its alt text (Graph API reference, Page photos)."""
    post = schedule(desk, larp, photo(desk, "gate.png", alt_text="The gate at dusk"), body="Tonight!")
    desk.scan_and_work()
    assert desk.world.status(post) == "published"
    [live] = desk.sandbox.control.posts(PAGE)
    [shown] = desk.sandbox.control.photos(PAGE)
    assert (live.message, live.photo_ids) == ("Tonight!", [shown.id])
    assert shown.alt_text == "The gate at dusk"


def test_an_album_keeps_its_order(desk, larp):
    post = schedule(desk, larp, *(photo(desk, f"{n}.png", n) for n in range(10)))
    desk.scan_and_work()
    assert desk.world.status(post) == "published"
    with desk.world.connect() as connection:
        ids = [row[0] for row in connection.execute(
            "select facebook_media_id from social_draft_assets order by position"
        )]  # fmt: skip
    assert desk.sandbox.control.posts(PAGE)[0].photo_ids == ids


def test_an_album_with_a_bad_photo_is_not_published_and_leaves_nothing(desk, larp):
    """The error names the file, and what was uploaded before it is to be deleted."""
    bad = {"type": "photo", "storage_path": desk.put("bad.png", b"no picture")}
    post = schedule(desk, larp, photo(desk, "good.png"), bad)
    desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert status == "failed"
    assert "bad.png" in reason
    assert desk.live() == []
    [uploaded] = desk.sandbox.control.photos(PAGE)
    assert desk.world.one("select media_id, kind from social_media_cleanups where done_at is null") == (
        uploaded.id, "photo",
    )  # fmt: skip


@pytest.mark.parametrize(("change", "words"), [
    (lambda path: path.unlink(), "is not there"),
    (lambda path: path.write_bytes(make_png(9)), "not the file that was approved"),
    (lambda path: path.write_bytes(b""), "empty"),
])  # fmt: skip
def test_a_file_that_is_not_what_was_approved_fails_its_post(desk, larp, change, words):
    import hashlib

    checksum = hashlib.sha256(make_png(1)).hexdigest()
    post = schedule(desk, larp, photo(desk, "one.png", 1, checksum_sha256=checksum))
    change(desk.media / "one.png")
    desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert status == "failed"
    assert "one.png" in reason
    assert words in reason
    assert desk.live() == []


def test_a_file_that_facebook_refuses_is_named(desk, larp):
    desk.sandbox.control.add_fault("photo_324", edge="photos")
    post = schedule(desk, larp, photo(desk, "odd.png"))
    desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert (status, "odd.png" in reason) == ("failed", True)


def test_two_posts_share_a_file(desk, larp):
    """Each uploads its own: a photo belongs to the post that shows it."""
    shared = photo(desk, "shared.png")
    posts = [schedule(desk, larp, shared, body=body) for body in ("First", "Second")]
    desk.scan_and_work()
    assert [desk.world.status(post) for post in posts] == ["published", "published"]
    assert len(desk.sandbox.control.photos(PAGE)) == 2


def test_an_unanswered_album_is_found_by_its_photos(desk, larp):
    """Committed, then a 500: it is read back, and never sent again."""
    desk.sandbox.control.add_fault("committed_then_500", edge="feed", method="POST")
    post = schedule(desk, larp, photo(desk, "a.png", 1), photo(desk, "b.png", 2))
    desk.scan_and_work()
    assert desk.world.status(post) == "published"
    assert len(desk.live()) == 1


def test_what_is_uploaded_ahead_is_not_uploaded_again(desk, larp):
    post = schedule(desk, larp, photo(desk, "a.png"), due_in=3600)
    (draft,) = desk.world.one("select draft_id from social_scheduled_posts where id = %s", post)
    publisher = desk.publisher()
    [loaded] = load(publisher, post)
    desk.uploader().upload_assets(draft, loaded.page, publisher.open_token(loaded.page), needed_until=loaded.due_at)
    desk.sandbox.control.clear_arrivals()
    desk.later(60)
    desk.scan_and_work()
    assert desk.world.status(post) == "published"
    assert desk.sandbox.control.arrivals(edge="photos") == []


def test_a_photo_that_would_be_dead_by_then_is_uploaded_again(desk, larp):
    """Facebook deletes a photo that no post shows after about 24 hours."""
    post = schedule(desk, larp, photo(desk, "a.png"), due_in=3600)
    (draft,) = desk.world.one("select draft_id from social_scheduled_posts where id = %s", post)
    publisher = desk.publisher()
    [loaded] = load(publisher, post)
    token = publisher.open_token(loaded.page)
    [first] = desk.uploader().upload_assets(draft, loaded.page, token, needed_until=loaded.due_at)
    desk.world.run("update social_draft_assets set uploaded_at = uploaded_at - interval '1 day'")
    [second] = desk.uploader().upload_assets(draft, loaded.page, token, needed_until=loaded.due_at)
    assert first.facebook_media_id != second.facebook_media_id
    assert desk.world.one("select media_id from social_media_cleanups")[0] == first.facebook_media_id


def load(publisher, post):
    from socialpub.services.lane import load_lane

    return load_lane(publisher, [post])


@pytest.mark.parametrize("limits", [CHUNKED, MediaLimits()], ids=["chunked", "whole"])
def test_a_video_is_published_when_facebook_is_through_with_it(desk, larp, limits):
    desk.limits = limits
    desk.sandbox.control.change_settings(processing_seconds=1.0, chunk_bytes=MIB)
    post = schedule(desk, larp, video(desk, "trailer.mp4", 3 * MIB + 17, title="Trailer"), body="See it")
    [result] = desk.scan_and_work()
    assert desk.world.status(post) == "publishing"
    assert len(result.processed) == 1
    settle(desk, post)
    status, _, post_id, permalink = desk.row(post)
    assert status == "published"
    [shown] = desk.sandbox.control.videos(PAGE)
    [live] = desk.sandbox.control.posts(PAGE)
    assert (live.video_id, live.id) == (shown.id, post_id)
    assert permalink


def test_a_video_that_facebook_can_not_use_fails_with_its_words(desk, larp):
    desk.sandbox.control.change_settings(processing_seconds=0.2)
    desk.limits = CHUNKED
    desk.sandbox.control.add_fault("video_processing_error", edge="videos", phase="finish")
    post = schedule(desk, larp, video(desk, "odd.mp4"))
    desk.scan_and_work()
    settle(desk, post)
    status, reason, *_ = desk.row(post)
    assert status == "failed"
    assert "could not process the video" in reason
    assert desk.world.one("select kind from social_media_cleanups where done_at is null") == ("video",)


def test_an_unanswered_end_of_a_video_is_settled_by_the_video(desk, larp):
    desk.sandbox.control.change_settings(processing_seconds=0.5)
    desk.limits = CHUNKED
    desk.sandbox.control.add_fault("committed_then_500", edge="videos", phase="finish")
    post = schedule(desk, larp, video(desk, "trailer.mp4"))
    desk.scan_and_work()
    assert desk.world.status(post) == "unconfirmed"
    time.sleep(0.6)
    desk.later(7.1)
    desk.scan_and_work()
    assert desk.world.status(post) == "published"
    assert len(desk.sandbox.control.videos(PAGE)) == 1


def test_an_end_that_never_arrived_is_sent_again_for_the_same_video(desk, larp):
    desk.limits = CHUNKED
    desk.sandbox.control.add_fault("error_500_code2", edge="videos", phase="finish")
    post = schedule(desk, larp, video(desk, "trailer.mp4"))
    desk.scan_and_work()
    assert desk.world.status(post) == "unconfirmed"
    desk.later(7.1)
    desk.scan_and_work()
    settle(desk, post)
    assert desk.world.status(post) == "published"
    assert len(desk.sandbox.control.videos(PAGE)) == 1


@pytest.mark.parametrize("fault", ["upload_lost_chunk", "upload_wrong_offset", "upload_transient", "upload_cut"])
def test_a_chunk_in_trouble_is_sent_on(desk, larp, fault):
    desk.sandbox.control.change_settings(processing_seconds=0.1, chunk_bytes=MIB)
    desk.limits = CHUNKED
    desk.sandbox.control.add_fault(fault, edge="videos", phase="transfer")
    post = schedule(desk, larp, video(desk, "trailer.mp4", 4 * MIB))
    desk.scan_and_work()
    settle(desk, post)
    assert desk.world.status(post) == "published"
    assert len(desk.sandbox.control.videos(PAGE)) == 1
    received = sum(file["bytes"] for arrival in desk.sandbox.control.arrivals(edge="videos") for file in arrival.files)
    assert received <= (desk.media / "trailer.mp4").stat().st_size + MIB


@pytest.mark.parametrize("limits", [CHUNKED, MediaLimits()], ids=["chunked", "whole"])
def test_a_changed_video_is_not_published(desk, larp, limits):
    desk.limits = limits
    post = schedule(desk, larp, video(desk, "trailer.mp4", checksum_sha256="0" * 64))
    desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert status == "failed"
    assert "not the file that was approved" in reason
    assert desk.live() == []
