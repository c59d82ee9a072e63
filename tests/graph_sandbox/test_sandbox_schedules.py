"""Native schedules: windows by edge, changing them, and schedules that fail to fire."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from graph_sandbox.control import SandboxControl
from graph_sandbox.samples import make_png, make_video
from graph_sandbox.settings import SCHEDULE_MAX_SECONDS
from graph_sandbox.state import DEFAULT_PAGE, DEFAULT_USER_TOKEN

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph

HOUR, DAY = 3_600, 86_400
CONTENT = {"photos": make_png(), "videos": make_video()}


def schedule(graph: Graph, edge: str, ahead: int) -> requests.Response:
    """Schedule something on an edge, this many seconds ahead."""
    params = {"published": "false", "scheduled_publish_time": int(time.time()) + ahead}
    if edge == "feed":
        return graph.post(message="x", **params)
    return graph.upload(edge, CONTENT[edge], **params)


@pytest.fixture
def scheduled(graph: Graph, control: SandboxControl) -> dict[str, str]:
    """A post and a video an hour ahead, by kind."""
    control.change_settings(processing_seconds=0)
    due = {"published": "false", "scheduled_publish_time": int(time.time()) + HOUR}
    video = graph.upload("videos", CONTENT["videos"], description="video", **due)
    return {"post": graph.publish("post", **due), "video": video.json()["id"]}


@pytest.mark.parametrize("edge", SCHEDULE_MAX_SECONDS)
def test_each_edge_has_its_window(graph: Graph, edge: str) -> None:
    """Ten minutes at least; thirty days for posts and photos, half a year for videos."""
    furthest = {"feed": 30 * DAY, "photos": 30 * DAY, "videos": 180 * DAY}[edge]
    for ahead in (590, furthest + 60):
        error = schedule(graph, edge, ahead).json()["error"]
        assert error["message"] == "(#100) The specified scheduled publish time is invalid"
    for ahead in (660, furthest - 60):
        assert schedule(graph, edge, ahead).status_code == 200


@pytest.mark.parametrize("edge", SCHEDULE_MAX_SECONDS)
def test_the_other_profile_says_75_days(graph: Graph, control: SandboxControl, edge: str) -> None:
    """What the reference of /feed states, on every edge."""
    control.set_schedule_profile("75_days")
    assert schedule(graph, edge, 75 * DAY - 60).status_code == 200
    assert schedule(graph, edge, 75 * DAY + 60).status_code == 400


def test_the_window_of_one_edge_can_be_set(graph: Graph, control: SandboxControl) -> None:
    """The others keep theirs."""
    control.set_schedule_window(600, DAY, edge="photos")
    assert schedule(graph, "photos", 2 * DAY).status_code == 400
    assert schedule(graph, "feed", 2 * DAY).status_code == 200


def test_milliseconds_are_out_of_any_window(graph: Graph, error_of: ErrorOf) -> None:
    """The typical bug."""
    params = {"message": "x", "published": "false", "scheduled_publish_time": int((time.time() + HOUR) * 1000)}
    assert error_of(graph.post(**params)) == (400, 100, None)


def test_iso_8601_with_an_offset_is_understood(graph: Graph, control: SandboxControl) -> None:
    """The same instant, written otherwise."""
    due = int(time.time()) + HOUR
    graph.publish("x", published="false", scheduled_publish_time=datetime.fromtimestamp(due, UTC).isoformat())
    assert control.posts(DEFAULT_PAGE)[0].scheduled_publish_time == due


def test_the_list_of_scheduled_posts_needs_a_page_token(graph: Graph, error_of: ErrorOf) -> None:
    """A user token is not enough; the time on it is a number."""
    schedule(graph, "feed", HOUR)
    path = f"{DEFAULT_PAGE}/scheduled_posts"
    assert error_of(graph.get(path, token=DEFAULT_USER_TOKEN)) == (403, 210, None)
    [row] = graph.get(path, fields="scheduled_publish_time").json()["data"]
    assert isinstance(row["scheduled_publish_time"], int)


def test_a_scheduled_video_is_not_among_the_scheduled_posts(graph: Graph, scheduled: dict[str, str]) -> None:
    """It has no post before it is public; its own node tells of it."""
    assert graph.listed("scheduled_posts") == ["post"]


@pytest.mark.parametrize("kind", ["post", "video"])
@pytest.mark.parametrize("by", ["control", "fault"])
def test_a_schedule_can_vanish(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, scheduled: dict[str, str], kind: str, by: str
) -> None:
    """At its time it is gone; until then nothing tells."""
    make_it_fail(graph, control, scheduled[kind], kind, by, vanishes=True)
    assert graph.get(scheduled[kind]).status_code == 200
    control.advance_clock(HOUR + 1)
    assert error_of(graph.get(scheduled[kind])) == (400, 100, 33)
    assert kind not in graph.listed()
    assert len(graph.listed()) == 1


@pytest.mark.parametrize("kind", ["post", "video"])
@pytest.mark.parametrize("by", ["control", "fault"])
def test_a_schedule_can_stay_unpublished(
    graph: Graph, control: SandboxControl, scheduled: dict[str, str], kind: str, by: str
) -> None:
    """Its time passes and it is still there; publishing it by hand works."""
    make_it_fail(graph, control, scheduled[kind], kind, by, vanishes=False)
    control.advance_clock(HOUR + 1)
    assert kind not in graph.listed()
    flag = {"post": "is_published", "video": "published"}[kind]
    assert graph.get(scheduled[kind], fields=flag).json()[flag] is False
    assert graph.post(scheduled[kind], **{flag: "true"}).status_code == 200
    assert set(graph.listed()) == {"post", "video"}


def make_it_fail(graph: Graph, control: SandboxControl, object_id: str, kind: str, by: str, *, vanishes: bool) -> None:
    """Let a schedule fail: by a call of the control API, or by a fault on the request that sets it (again)."""
    if by == "control":
        control.break_schedule(object_id, vanishes=vanishes)
        return
    control.add_fault("schedule_vanishes" if vanishes else "schedule_stays", edge=kind, method="POST")
    assert graph.post(object_id, scheduled_publish_time=int(time.time()) + HOUR - 60).json() == {"success": True}


def test_a_schedule_that_stayed_can_be_set_anew(
    graph: Graph, control: SandboxControl, scheduled: dict[str, str]
) -> None:
    """A new time fires as it should."""
    for object_id in scheduled.values():
        control.break_schedule(object_id, vanishes=False)
    control.advance_clock(HOUR + 1)
    for object_id in scheduled.values():
        graph.post(object_id, scheduled_publish_time=int(time.time()) + 3 * HOUR)
    control.advance_clock(2 * HOUR)
    assert set(graph.listed()) == {"post", "video"}


@pytest.mark.parametrize("edge", SCHEDULE_MAX_SECONDS)
def test_a_fault_on_the_hand_over_lets_its_schedule_vanish(graph: Graph, control: SandboxControl, edge: str) -> None:
    """The hand-over itself is answered truly; a vanished photo post leaves its photo unused."""
    control.change_settings(processing_seconds=0)
    control.add_fault("schedule_vanishes", edge=edge)
    assert schedule(graph, edge, HOUR).status_code == 200
    control.advance_clock(HOUR + 1)
    assert graph.listed() == []
    assert control.posts(DEFAULT_PAGE) == control.videos(DEFAULT_PAGE) == []
    assert [photo.post_id for photo in control.photos(DEFAULT_PAGE)] == ([None] if edge == "photos" else [])


def test_only_a_schedule_can_be_broken(graph: Graph, control: SandboxControl) -> None:
    """What is not scheduled is not found."""
    post_id = graph.publish("x")
    for wrong in (post_id, "1"):
        with pytest.raises(requests.HTTPError, match="no such schedule"):
            control.break_schedule(wrong, vanishes=True)


def test_canceling_a_schedule_by_deleting_it(graph: Graph, control: SandboxControl, scheduled: dict[str, Any]) -> None:
    """Nothing goes out."""
    for object_id in scheduled.values():
        assert graph.call("DELETE", object_id).json() == {"success": True}
    control.advance_clock(HOUR + 1)
    assert graph.listed() == []
