"""Videos that go up in one request, or that Facebook fetches itself: unpublished until their second, and never two."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import time
from dataclasses import replace

import pytest
from tests.graph.conftest import ScriptedServer, answer
from tests.media import samples
from tests.services.conftest import PAGE
from tests.services.test_media_posts import MIB, schedule, settle, video
from tests.services.test_preupload import preupload

from graph_sandbox.samples import make_png
from graph_sandbox.state import DEFAULT_USER_TOKEN
from socialpub.errors import MediaChangedError, TryAgainError
from socialpub.media.limits import MediaLimits, VideoLimits
from socialpub.models.secret import Secret
from socialpub.services import upload_video
from socialpub.services.hand_over import HandOverLimits, hand_over_posts

HOUR = 3600
LOST_ANSWERS = ["committed_then_500", "committed_then_reset"]


@pytest.fixture
def larp(desk):
    desk.sandbox.control.change_settings(processing_seconds=0.1)
    return desk.world.add_page()


@pytest.fixture
def serve():
    """A web server that gives a file, or whatever it is told to."""
    servers = []

    def start(reply):
        servers.append(ScriptedServer(reply))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def due(desk, post):
    desk.later(61)
    desk.scan_and_work()
    settle(desk, post)
    return desk.world.status(post)


def arrivals(desk, edge, method="POST"):
    return desk.sandbox.control.arrivals(edge=edge, method=method)


def test_a_small_video_is_uploaded_ahead_and_published_by_one_small_request(desk, larp):
    """Nobody sees it before its second, when it has been processed for long."""
    thumb = make_png(3)
    columns = {"title": "Trailer", "thumbnail_path": desk.put("thumb.png", thumb)}
    post = schedule(desk, larp, video(desk, "a.mp4", **columns), due_in=HOUR, body="See it")
    preupload(desk, post)
    assert desk.live() == []
    [sent] = arrivals(desk, "videos")
    assert (sent.phase, sent.params["published"]) == (None, "false")
    assert {file["name"] for file in sent.files} == {"source", "thumb"}
    desk.later(61)
    time.sleep(0.2)
    desk.scan_and_work()
    assert desk.world.status(post) == "published"
    [published] = arrivals(desk, "video")
    assert (published.params, published.files) == ({"published": "true"}, [])
    assert len(arrivals(desk, "videos")) == 1
    [shown] = desk.sandbox.control.videos(PAGE)
    content = (desk.media / "a.mp4").read_bytes()
    assert (shown.sha256, shown.title, shown.description) == (hashlib.sha256(content).hexdigest(), "Trailer", "See it")
    assert shown.thumb_sha256 == hashlib.sha256(thumb).hexdigest()
    assert desk.live() == ["See it"]


@pytest.mark.parametrize(("more", "is_chunked"), [(0, False), (-1, True)])
def test_the_size_decides_between_one_request_and_chunks(desk, larp, more, is_chunked):
    """Up to the limit one request, above it chunks."""
    asset = video(desk, "a.mp4")
    size = (desk.media / "a.mp4").stat().st_size
    desk.limits = MediaLimits(video=VideoLimits(single_request_bytes=size + more))
    preupload(desk, schedule(desk, larp, asset, due_in=HOUR))
    assert [arrival.phase for arrival in arrivals(desk, "videos")] == (["start", "transfer"] if is_chunked else [None])


def test_the_limit_is_ten_megabytes(desk, larp):
    assert VideoLimits().single_request_bytes == 10_000_000


@pytest.mark.parametrize("fault", LOST_ANSWERS)
def test_an_upload_whose_answer_was_lost_is_found_again(desk, larp, fault):
    """By its words, among what nobody sees yet; no second one is sent."""
    desk.sandbox.control.add_fault(fault, edge="videos", method="POST")
    post = schedule(desk, larp, video(desk, "a.mp4", title="Trailer"), due_in=HOUR, body="See it")
    with pytest.raises(TryAgainError, match="looked for before it is uploaded again"):
        preupload(desk, post)
    preupload(desk, post)
    assert len(arrivals(desk, "videos")) == 1
    assert due(desk, post) == "published"
    assert (len(desk.sandbox.control.videos(PAGE)), desk.live()) == (1, ["See it"])


def test_an_upload_that_never_arrived_is_sent_again(desk, larp):
    desk.sandbox.control.add_fault("error_500_code2", edge="videos", method="POST")
    post = schedule(desk, larp, video(desk, "a.mp4"), due_in=HOUR)
    with pytest.raises(TryAgainError):
        preupload(desk, post)
    preupload(desk, post)
    assert due(desk, post) == "published"
    assert len(desk.sandbox.control.videos(PAGE)) == 1


def test_a_lost_answer_in_the_lane_costs_a_try_and_makes_no_second_video(desk, larp):
    """Nothing was published by it, so the post waits for its retry and is not unconfirmed."""
    desk.sandbox.control.add_fault("committed_then_500", edge="videos", method="POST")
    post = schedule(desk, larp, video(desk, "a.mp4"), body="Now")
    desk.scan_and_work()
    assert desk.world.status(post) == "queued"
    desk.later(8)
    desk.scan_and_work()
    settle(desk, post)
    assert desk.world.status(post) == "published"
    assert (len(desk.sandbox.control.videos(PAGE)), desk.live()) == (1, ["Now"])


def test_a_killed_worker_leaves_a_video_that_the_next_one_finds(desk, larp):
    """Killed between Facebook's answer and its being written down."""
    post = schedule(desk, larp, video(desk, "a.mp4"), due_in=HOUR)
    worker = multiprocessing.get_context("fork").Process(target=_upload_and_die, args=(desk, post))
    worker.start()
    worker.join()
    assert worker.exitcode == 9
    preupload(desk, post)
    assert due(desk, post) == "published"
    assert len(desk.sandbox.control.videos(PAGE)) == 1


def _upload_and_die(desk, post):
    send = upload_video.send_video

    def send_and_die(*args):
        send(*args)
        os._exit(9)

    upload_video.send_video = send_and_die
    preupload(desk, post)


def test_a_video_that_belongs_to_another_post_is_not_taken_for_a_lost_one(desk, larp):
    """Two posts share a file and all words; the answer of the second was lost before anything came of it."""
    asset = video(desk, "a.mp4")
    posts = [schedule(desk, larp, asset, due_in=HOUR, body="Twice") for _ in range(2)]
    desk.sandbox.control.add_fault("error_500_code2", edge="videos", method="POST")
    with pytest.raises(TryAgainError):
        preupload(desk, posts[1])
    preupload(desk, posts[0])
    preupload(desk, posts[1])
    assert desk.world.one("select count(distinct facebook_media_id) from social_draft_assets") == (2,)


def test_a_video_that_a_person_published_is_not_taken_for_a_lost_one(desk, larp):
    """Only what is unpublished can be ours."""
    desk.sandbox.control.add_fault("committed_then_500", edge="videos", method="POST")
    post = schedule(desk, larp, video(desk, "a.mp4"), due_in=HOUR)
    with pytest.raises(TryAgainError):
        preupload(desk, post)
    [lost] = desk.sandbox.control.videos(PAGE)
    publisher = desk.publisher()
    from socialpub.graph.scheduled import publish_video_now
    from socialpub.services.lane import load_lane

    [loaded] = load_lane(publisher, [post])
    publish_video_now(publisher.client, lost.id, publisher.open_token(loaded.page))
    time.sleep(0.2)
    preupload(desk, post)
    assert desk.world.one("select facebook_media_id from social_draft_assets")[0] != lost.id


@pytest.mark.parametrize("fault", [*LOST_ANSWERS, "error_500_code2"])
def test_an_unclear_publication_is_settled_by_the_video(desk, larp, fault):
    """Found when it was carried out, sent again when it was proved not to be."""
    post = schedule(desk, larp, video(desk, "a.mp4"), due_in=HOUR)
    preupload(desk, post)
    time.sleep(0.2)
    desk.sandbox.control.add_fault(fault, edge="video", method="POST")
    desk.later(61)
    desk.scan_and_work()
    if fault == "error_500_code2":
        assert desk.world.status(post) == "unconfirmed"
        desk.later(7.1)
        desk.scan_and_work()
        settle(desk, post)
    assert desk.world.status(post) == "published"
    assert (len(desk.sandbox.control.videos(PAGE)), len(desk.live())) == (1, 1)
    assert len(arrivals(desk, "video")) == (2 if fault == "error_500_code2" else 1)


@pytest.mark.parametrize("fault", [None, *LOST_ANSWERS, "error_500_code2"])
def test_facebook_holds_a_small_video_until_its_time(desk, larp, fault):
    """An unclear hand-over is settled by the time that the video names."""
    desk.world.run("update facebook_page_connections set delivery = 'native'")
    post = schedule(desk, larp, video(desk, "a.mp4"), due_in=HOUR)
    if fault:
        desk.sandbox.control.add_fault(fault, edge="video", method="POST")
    hand_over_posts(desk.publisher(), HandOverLimits())
    if fault == "error_500_code2":
        assert desk.world.status(post) == "unconfirmed"
        desk.later(7.1, keeps_plans=True)
        desk.scan_and_work()
        assert desk.world.status(post) == "pending"
        desk.later(16, keeps_plans=True)
        hand_over_posts(desk.publisher(), HandOverLimits())
    assert desk.world.status(post) == "handed_over"
    [held] = desk.sandbox.control.videos(PAGE)
    assert held.scheduled_publish_time is not None
    assert desk.live() == []


def test_facebook_fetches_a_video_from_its_public_url(desk, larp, serve):
    """No byte of it goes through us, whatever its size."""
    content = samples.video(data=bytes(2 * MIB))
    web = serve(answer(content, headers={"Content-Type": "video/mp4"}))
    desk.limits = replace(desk.limits, video=VideoLimits(single_request_bytes=1))
    asset = video(desk, "a.mp4", public_url=f"{web.url}/a.mp4")
    post = schedule(desk, larp, asset, body="From afar")
    desk.scan_and_work()
    settle(desk, post)
    assert desk.world.status(post) == "published"
    [sent] = arrivals(desk, "videos")
    assert (sent.files, sent.params["file_url"]) == ([], f"{web.url}/a.mp4")
    assert desk.sandbox.control.videos(PAGE)[0].sha256 == hashlib.sha256(content).hexdigest()


def test_facebook_fetches_a_photo_from_its_public_url(desk, larp, serve):
    web = serve(answer(make_png(5), headers={"Content-Type": "image/png"}))
    asset = {"type": "photo", "storage_path": desk.put("a.png", make_png(5)), "public_url": f"{web.url}/a.png"}
    post = schedule(desk, larp, asset)
    desk.scan_and_work()
    assert desk.world.status(post) == "published"
    [sent] = arrivals(desk, "photos")
    assert (sent.files, sent.params["url"]) == ([], f"{web.url}/a.png")


def test_a_public_url_that_facebook_can_not_fetch_is_tried_again(desk, larp, serve):
    """Code 389 may pass by itself; the reason names the file."""
    web = serve(answer({}, status=404))
    post = schedule(desk, larp, video(desk, "a.mp4", public_url=f"{web.url}/a.mp4"))
    desk.scan_and_work()
    status, reason, *_ = desk.row(post)
    assert status == "queued"
    assert "Unable to fetch" in reason
    assert desk.live() == []


def upload_by_handle(desk, larp):
    """A large video whose bytes go up under the app, with the token of the person who connected the Page."""
    desk.limits = MediaLimits(video=VideoLimits(single_request_bytes=1))
    desk.open_user_token = lambda page: Secret(DEFAULT_USER_TOKEN)
    post = schedule(desk, larp, video(desk, "handle.mp4", 3 * MIB, title="Handle"), due_in=HOUR, body="By handle")
    preupload(desk, post)
    return post


def test_a_large_video_goes_up_by_a_handle_where_a_person_s_token_is_at_hand(desk, larp):
    """Its bytes in one request that can be gone on with; the Page sees it at its second."""
    post = upload_by_handle(desk, larp)
    assert desk.live() == []
    [opened] = arrivals(desk, "uploads")
    assert opened.params["file_type"] == "video/mp4"
    [made] = arrivals(desk, "videos")
    assert (made.phase, made.files, made.params["published"]) == (None, [], "false")
    assert due(desk, post) == "published"
    content = (desk.media / "handle.mp4").read_bytes()
    assert [shown.sha256 for shown in desk.sandbox.control.videos(PAGE)] == [hashlib.sha256(content).hexdigest()]


def test_a_handle_s_upload_that_broke_off_goes_on_where_it_stopped(desk, larp):
    """And its session is the same."""
    desk.sandbox.control.add_fault("upload_cut", edge="upload", after_bytes=MIB)
    with pytest.raises(TryAgainError):
        upload_by_handle(desk, larp)
    [post] = desk.world.one("select id from social_scheduled_posts")
    preupload(desk, post)
    size = (desk.media / "handle.mp4").stat().st_size
    assert len(arrivals(desk, "uploads")) == 1
    sent = [file["bytes"] for arrival in arrivals(desk, "upload") for file in arrival.files]
    assert len(sent) == 2
    assert sum(sent) <= size + MIB
    assert due(desk, post) == "published"


@pytest.mark.parametrize("fault", [*LOST_ANSWERS, "error_500_code2"])
def test_a_lost_answer_to_a_handle_makes_no_second_video_and_sends_no_byte_again(desk, larp, fault):
    """The handle is kept, and the video looked for first."""
    desk.sandbox.control.add_fault(fault, edge="videos", method="POST")
    with pytest.raises(TryAgainError):
        upload_by_handle(desk, larp)
    [post] = desk.world.one("select id from social_scheduled_posts")
    preupload(desk, post)
    assert len(arrivals(desk, "upload")) == 1
    assert due(desk, post) == "published"
    assert len(desk.sandbox.control.videos(PAGE)) == 1


@pytest.mark.parametrize("fault", ["permission_200", "token_460", "invalid_100"])
def test_a_person_s_token_that_is_of_no_use_leaves_the_video_to_its_chunks(desk, larp, fault):
    """It says nothing of the Page's own token, so nothing is held."""
    desk.sandbox.control.add_fault(fault, edge="uploads")
    post = upload_by_handle(desk, larp)
    assert [arrival.phase for arrival in arrivals(desk, "videos")] == ["start", "transfer"]
    assert desk.world.one("select token_status from facebook_page_connections") == ("unchecked",)
    assert due(desk, post) == "published"


def test_what_changed_on_its_way_to_a_handle_is_not_made_a_video(desk, larp, monkeypatch):
    """Its SHA-256 is that of what was sent."""
    from socialpub.services import preupload as module

    monkeypatch.setattr(module, "check_assets", lambda *_, **__: [])
    desk.limits = MediaLimits(video=VideoLimits(single_request_bytes=1))
    desk.open_user_token = lambda page: Secret(DEFAULT_USER_TOKEN)
    asset = video(desk, "handle.mp4", mime_type="video/mp4", checksum_sha256="0" * 64)
    with pytest.raises(MediaChangedError, match="SHA-256"):
        preupload(desk, schedule(desk, larp, asset, due_in=HOUR))
    assert desk.sandbox.control.videos(PAGE) == []
