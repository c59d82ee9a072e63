"""Whole videos in one request, their status over time, and the Video node."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from graph_sandbox.control import SandboxControl
from graph_sandbox.samples import make_png, make_video
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_PAGE, DEFAULT_PAGE_TOKEN

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph

VIDEO = make_video(10_000)
VIDEOS = f"{DEFAULT_PAGE}/videos"
HOUR = 3_600


@pytest.fixture
def video_url() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/a.mp4" else 404)
            self.end_headers()
            self.wfile.write(VIDEO)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def upload(graph: Graph, **params: Any) -> str:
    """Upload a whole video that must be taken; return its id."""
    response = graph.upload("videos", VIDEO, **params)
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


def test_a_whole_video_in_one_request(graph: Graph, control: SandboxControl) -> None:
    """Only the video's id comes back; the content is counted and hashed."""
    answer = graph.upload("videos", VIDEO, title="Bitwa", description="Pod zamkiem").json()
    assert set(answer) == {"id"}
    [video] = control.videos(DEFAULT_PAGE)
    assert (video.id, video.title, video.description) == (answer["id"], "Bitwa", "Pod zamkiem")
    assert (video.bytes_received, video.sha256) == (len(VIDEO), hashlib.sha256(VIDEO).hexdigest())
    assert control.arrivals(edge="videos")[0].committed == answer["id"]


def test_a_video_is_processed_before_it_is_public(graph: Graph, control: SandboxControl) -> None:
    """Processing takes its time and tells how far it is; only a ready video is a post, created when it became ready."""
    control.change_settings(processing_seconds=100)
    video_id = upload(graph, description="Pod zamkiem")
    control.advance_clock(50)
    row = graph.get(video_id, fields="status,post_id,published").json()
    assert (row["published"], "post_id" in row) == (False, False)
    assert 50 <= row["status"].pop("processing_progress") <= 55
    assert row["status"] == {
        "video_status": "processing",
        "uploading_phase": {"status": "completed", "bytes_transferred": 10_000, "source_file_size": 10_000},
        "processing_phase": {"status": "in_progress"},
        "publishing_phase": {"status": "not_started"},
    }
    assert graph.listed() == []
    control.advance_clock(51)
    row = graph.get(video_id, fields="status,post_id,published,permalink_url").json()
    assert (row["published"], row["status"]["video_status"]) == (True, "ready")
    assert row["status"]["publishing_phase"]["publish_status"] == "published"
    assert graph.listed(fields="message,id") == ["Pod zamkiem"]
    assert row["post_id"] == control.posts(DEFAULT_PAGE)[0].id
    assert graph.session.get(row["permalink_url"]).status_code == 200


def test_a_failed_processing_is_named_and_nothing_is_published(graph: Graph, control: SandboxControl) -> None:
    """The scripted error shows in the status, once processing is over."""
    control.change_settings(processing_seconds=10)
    control.add_fault("video_processing_error", edge="videos", code=1363026, error_message="Too long.")
    video_id = upload(graph)
    assert control.videos(DEFAULT_PAGE)[0].state == "processing"
    control.advance_clock(11)
    status = graph.get(video_id, fields="status{video_status,processing_phase}").json()["status"]
    error = {"code": 1363026, "message": "Too long."}
    assert status == {"video_status": "error", "processing_phase": {"status": "error", "errors": [error]}}
    assert control.posts(DEFAULT_PAGE) == []


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", (400, 382, 1363022)),
        (VIDEO[:1_023], (400, 382, 1363022)),
        (make_png(size=500) + b"x" * 1_024, (400, 6000, 1363024)),
        (VIDEO + b"x" * 10_001, (400, 6000, 1363023)),
    ],
)
def test_a_wrong_file_is_refused(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, content: bytes, expected: Any
) -> None:
    """Too small, not a video, too big."""
    control.change_settings(single_video_max_bytes=20_000)
    assert error_of(graph.upload("videos", content)) == expected
    assert control.videos(DEFAULT_PAGE) == []


@pytest.mark.parametrize(
    "params",
    [
        {"title": "x" * 255},
        {"title": ""},
        {"description": ""},
        {"message": "x"},
        {"published": "no"},
        {"published": "true", "scheduled_publish_time": "2000000000"},
        {"published": "false", "scheduled_publish_time": "60"},
        {"published": "false", "unpublished_content_type": "SCHEDULED"},
        {"file_url": "http://127.0.0.1/a.mp4"},
        {"fields": "nonsense"},
    ],
)
def test_a_wrong_request_is_refused(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, params: dict[str, str]
) -> None:
    """Unknown parameters, texts too long or empty, impossible schedules, and two sources."""
    assert error_of(graph.upload("videos", VIDEO, **params))[:2] == (400, 100)
    assert control.videos(DEFAULT_PAGE) == []


def test_no_file_at_all_is_refused(graph: Graph, error_of: ErrorOf) -> None:
    """One source must be there, in its own field, and the thumbnail must be an image."""
    assert error_of(graph.post(VIDEOS, title="x")) == (400, 100, 1363020)
    assert error_of(graph.upload("videos", VIDEO, field="file")) == (400, 100, None)
    assert error_of(graph.upload("videos", VIDEO, field="thumb")) == (400, 324, None)


def test_a_video_can_be_fetched_from_an_address(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, video_url: str
) -> None:
    """`file_url` makes the sandbox fetch it; what cannot be fetched is code 389."""
    assert graph.post(VIDEOS, file_url=f"{video_url}/a.mp4").status_code == 200
    assert control.videos(DEFAULT_PAGE)[0].sha256 == hashlib.sha256(VIDEO).hexdigest()
    assert error_of(graph.post(VIDEOS, file_url=f"{video_url}/b.mp4")) == (400, 389, None)
    assert error_of(graph.post(VIDEOS, file_url="http://192.0.2.1/a.mp4")) == (400, 389, None)


def test_a_draft_is_published_later(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """published=false makes no post; publishing it does, once."""
    control.change_settings(processing_seconds=0)
    video_id = upload(graph, published="false", description="szkic")
    publishing = graph.get(video_id, fields="status{publishing_phase}").json()["status"]["publishing_phase"]
    assert publishing == {"status": "not_started", "publish_status": "draft"}
    control.advance_clock(HOUR)
    assert graph.post(video_id, published="true", description="gotowe", name="Bitwa").json() == {"success": True}
    assert graph.listed() == ["gotowe"]
    assert error_of(graph.post(video_id, published="true")) == (400, 100, None)


def test_a_scheduled_video_can_be_moved_or_published_at_once(
    graph: Graph, control: SandboxControl, error_of: ErrorOf
) -> None:
    """The video node takes a new time or `published`; the old time then means nothing."""
    control.change_settings(processing_seconds=0)
    due = int(time.time()) + HOUR
    moved, hurried = (
        upload(graph, published="false", scheduled_publish_time=due, description=text) for text in ("a", "b")
    )
    assert graph.post(moved, scheduled_publish_time=due + HOUR).json() == {"success": True}
    assert graph.post(hurried, published="true").json() == {"success": True}
    control.advance_clock(HOUR + 1)
    assert graph.listed() == ["b"]
    control.advance_clock(HOUR)
    assert graph.listed() == ["a", "b"]
    assert error_of(graph.post(hurried, scheduled_publish_time=due + 9 * HOUR)) == (400, 100, None)


@pytest.mark.parametrize("params", [{}, {"title": "x"}, {"published": "maybe"}, {"scheduled_publish_time": "60"}])
def test_a_wrong_update_changes_nothing(graph: Graph, error_of: ErrorOf, params: dict[str, str]) -> None:
    """An update must change something, and only what can be changed."""
    video_id = upload(graph, published="false")
    assert error_of(graph.post(video_id, **params)) == (400, 100, None)


def test_a_video_that_is_still_uploading_cannot_be_changed(graph: Graph, error_of: ErrorOf) -> None:
    """Its texts come with finish."""
    video_id = graph.post(VIDEOS, upload_phase="start", file_size=10_000).json()["video_id"]
    assert error_of(graph.post(video_id, description="x")) == (400, 100, None)


def test_deleting_a_video_deletes_its_post_and_the_other_way_round(
    graph: Graph, control: SandboxControl, error_of: ErrorOf
) -> None:
    """The second delete is code 100 subcode 33."""
    control.change_settings(processing_seconds=0)
    by_video, by_post = upload(graph, description="a"), upload(graph, description="b")
    assert graph.call("DELETE", by_video).json() == {"success": True}
    assert error_of(graph.call("DELETE", by_video)) == (400, 100, 33)
    graph.call("DELETE", graph.get(by_post, fields="post_id").json()["post_id"])
    assert error_of(graph.get(by_post)) == (400, 100, 33)
    assert control.posts(DEFAULT_PAGE) == control.videos(DEFAULT_PAGE) == []


def test_another_page_cannot_touch_a_video(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """To another Page's token the video does not exist, and a token without the permission may not change it."""
    video_id = upload(graph)
    other = control.add_page("200000000000002", "Inna")
    for method in ("GET", "POST", "DELETE"):
        assert error_of(graph.call(method, video_id, token=other)) == (400, 100, 33)
    control.narrow_token(DEFAULT_PAGE_TOKEN, scopes=["pages_read_engagement"])
    assert error_of(graph.call("DELETE", video_id)) == (403, 200, None)
    assert error_of(graph.upload("videos", VIDEO)) == (403, 200, None)


def test_the_list_of_videos_has_the_finished_ones(graph: Graph, control: SandboxControl) -> None:
    """Newest first, drafts too, but not what is still being uploaded; it lags like all lists."""
    ids = [upload(graph, title="a"), upload(graph, title="b", published="false")]
    graph.post(VIDEOS, upload_phase="start", file_size=10_000)
    rows = graph.get(VIDEOS, fields="title,published,status{video_status}").json()["data"]
    assert [(row["id"], row["title"]) for row in rows] == [(ids[1], "b"), (ids[0], "a")]
    control.set_list_lag(DEFAULT_PAGE, 60)
    assert graph.get(VIDEOS).json() == {"data": []}


def test_people_see_videos_with_title_and_state(graph: Graph, control: SandboxControl, server: SandboxServer) -> None:
    """What is not public is named with its state; a small public one can be played, with its thumbnail."""
    control.change_settings(processing_seconds=100)
    evil = "<script>x</script>"
    address = f"{server.url}/pages/{DEFAULT_PAGE}"
    video_id = upload(graph, title=evil)
    html = graph.session.get(address).text
    assert "processing" in html
    assert graph.session.get(f"{address}/videos/{video_id}").status_code == 404
    control.advance_clock(101)
    html = graph.session.get(address).text
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "ready" in html
    assert graph.session.get(f"{address}/videos/{video_id}").content == VIDEO


def test_people_see_the_thumbnail(graph: Graph, control: SandboxControl, server: SandboxServer) -> None:
    """It is the poster of the player."""
    control.change_settings(processing_seconds=0)
    files = {"source": ("a.mp4", VIDEO), "thumb": ("a.png", make_png())}
    headers = {"Authorization": f"Bearer {DEFAULT_PAGE_TOKEN}"}
    address = f"{server.url}/{VIDEOS}"
    response = graph.session.post(address, files=files, data=graph.proof(DEFAULT_PAGE_TOKEN), headers=headers)
    poster = f"/pages/{DEFAULT_PAGE}/videos/{response.json()['id']}/thumb"
    assert f'poster="{poster}"' in graph.session.get(f"{server.url}/pages/{DEFAULT_PAGE}").text
    assert graph.session.get(server.url + poster).content == make_png()


def test_a_big_video_is_counted_but_not_kept(graph: Graph, control: SandboxControl, server: SandboxServer) -> None:
    """Beyond `kept_video_bytes` only size and checksum stay."""
    control.change_settings(kept_video_bytes=9_999, processing_seconds=0)
    video_id = upload(graph)
    assert control.videos(DEFAULT_PAGE)[0].sha256 == hashlib.sha256(VIDEO).hexdigest()
    assert graph.session.get(f"{server.url}/pages/{DEFAULT_PAGE}/videos/{video_id}").status_code == 404
