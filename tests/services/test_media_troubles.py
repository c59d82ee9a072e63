"""What can be wrong with a file: each a clear error, hours before the second where it can be known by then."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.media import samples
from tests.services.conftest import CHUNKED, PAGE
from tests.services.test_media_posts import MIB, photo, schedule, settle, video
from tests.services.test_preupload import preupload

from graph_sandbox.samples import make_png
from socialpub.errors import MediaError, MediaRefusedError
from socialpub.media.limits import MediaLimits

HOUR = 3600
WAYS = pytest.mark.parametrize("limits", [CHUNKED, MediaLimits()], ids=["chunked", "whole"])


@pytest.fixture
def larp(desk):
    desk.sandbox.control.change_settings(processing_seconds=0.1, chunk_bytes=MIB)
    return desk.world.add_page()


def delete(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def change_photo(path: Path) -> None:
    path.write_bytes(make_png(77))


def change_video(path: Path) -> None:
    path.write_bytes(samples.video(data=bytes(MIB)))


def make_pdf(path: Path) -> None:
    path.write_bytes(b"%PDF-1.7" + bytes(5000))


def make_matroska(path: Path) -> None:
    path.write_bytes(b"\x1aE\xdf\xa3" + bytes(5000))


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def grow_too_large(path: Path) -> None:
    """2 GiB and a byte, of which nothing is on the disk."""
    os.truncate(path, (2 << 30) + 1)


PHOTO_TROUBLES = [(delete, "is not there"), (empty, "is empty"), (change_photo, "not the file that was approved"),
                  (make_pdf, "is no photo that Facebook takes"), (cut_off, "photo.png")]  # fmt: skip
VIDEO_TROUBLES = [(delete, "is not there"), (empty, "is empty"), (change_video, "not the file that was approved"),
                  (make_matroska, "Matroska"), (cut_off, "cut off or damaged"),
                  (grow_too_large, "2,147,483,649 bytes")]  # fmt: skip


def looked_at(desk, larp, asset, name):
    """A post whose file was looked at once, as a check before the approval does, and was in order then."""
    from socialpub.services.check_assets import check_assets

    post = schedule(desk, larp, asset, due_in=HOUR)
    [draft] = desk.world.one("select draft_id from social_scheduled_posts where id = %s", post)
    uploader = desk.uploader()
    assert check_assets(uploader.engine, uploader.store, draft, uploader.limits, actor="test") == []
    return post, desk.media / name


@pytest.mark.parametrize(("trouble", "words"), PHOTO_TROUBLES)
def test_a_photo_in_trouble_is_named_hours_before_and_fails_its_post(desk, larp, trouble, words):
    """Red in preupload_media; if nobody minds it, the post fails with the same words and nothing is on the Page."""
    post, path = looked_at(desk, larp, photo(desk, "photo.png"), "photo.png")
    trouble(path)
    assert_named_before_and_failed_at_its_second(desk, post, "photo.png", words)


@WAYS
@pytest.mark.parametrize(("trouble", "words"), VIDEO_TROUBLES)
def test_a_video_in_trouble_is_named_hours_before_and_fails_its_post(desk, larp, trouble, words, limits):
    """Whichever way it would have gone."""
    desk.limits = limits
    post, path = looked_at(desk, larp, video(desk, "film.mp4"), "film.mp4")
    trouble(path)
    assert_named_before_and_failed_at_its_second(desk, post, "film.mp4", words)
    assert desk.sandbox.control.videos(PAGE) == []


def assert_named_before_and_failed_at_its_second(desk, post, name, words):
    with pytest.raises(MediaRefusedError) as caught:
        preupload(desk, post)
    assert name in str(caught.value)
    assert words in str(caught.value)
    assert "Next: " in str(caught.value)
    assert desk.world.status(post) == "pending"
    desk.later(61)
    desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert status == "failed"
    assert name in reason
    assert desk.live() == []


@WAYS
def test_a_video_that_is_cut_off_while_it_goes_up_is_not_published(desk, larp, limits, monkeypatch):
    """The file is named, and what had arrived of it is given up."""
    desk.limits = limits
    post = schedule(desk, larp, video(desk, "film.mp4", 4 * MIB), due_in=HOUR)
    cut_amid_reading(desk, monkeypatch)
    with pytest.raises(MediaError) as caught:
        preupload(desk, post)
    assert "film.mp4" in str(caught.value)
    assert desk.live() == []
    monkeypatch.undo()
    desk.later(61)
    desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert (status, "film.mp4" in reason) == ("failed", True)
    assert desk.live() == []


def cut_amid_reading(desk, monkeypatch):
    """As soon as a megabyte of it was read in order to be sent."""
    from socialpub.graph import media

    read = media._read

    def read_and_cut(file, size):
        piece = read(file, size)
        os.truncate(desk.media / "film.mp4", MIB)
        return piece

    monkeypatch.setattr(media, "_read", read_and_cut)


@WAYS
def test_two_posts_share_a_video_and_each_has_its_own(desk, larp, limits):
    """An edit of one takes nothing from the other."""
    desk.limits = limits
    shared = video(desk, "film.mp4")
    posts = [schedule(desk, larp, shared, body=body, due_in=HOUR) for body in ("First", "Second")]
    for post in posts:
        preupload(desk, post)
    assert len(desk.sandbox.control.videos(PAGE)) == 2
    desk.world.run("update social_drafts set body = 'Other' where body = 'Second'", user="backoffice_login")
    from socialpub.services.clean_up import CleanUpLimits, clean_up

    assert clean_up(desk.publisher(), CleanUpLimits()) == {"done": 1}
    desk.later(61)
    desk.scan_and_work()
    settle(desk, posts[0])
    assert [desk.world.status(post) for post in posts] == ["published", "canceled"]
    assert desk.live() == ["First"]


def test_chunks_are_not_sent_of_a_file_whose_size_is_another_than_approved(desk, larp):
    """Known before the first byte, so none is sent."""
    desk.limits = CHUNKED
    asset = video(desk, "film.mp4")
    post = schedule(desk, larp, {**asset, "size_bytes": 5}, body="Small")
    desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert (status, "its size in bytes is" in reason) == ("failed", True)
    assert desk.sandbox.control.arrivals(edge="videos") == []
