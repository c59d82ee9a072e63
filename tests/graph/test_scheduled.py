"""Posts that Facebook holds until their time, over HTTP against the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_PAGE
from socialpub import errors
from socialpub.graph.client import GraphClient
from socialpub.graph.posts import FeedPost, list_published_posts, read_post
from socialpub.graph.read_back import Absent, Found, find_published, find_scheduled
from socialpub.graph.scheduled import (
    cancel_schedule,
    list_scheduled_posts,
    publish_post_now,
    publish_video_now,
    reschedule,
)
from tests.graph.conftest import PAGE_TOKEN, TOKEN, UNCLEAR, answer, open_client, take_apart, upload_png
from tests.graph.publishing import publish_feed_post


def plan(text: str = "Zażółć gęślą", *, hours: float = 2, photos: tuple[str, ...] = ()) -> FeedPost:
    return FeedPost(text, attached_media=photos, scheduled_publish_time=datetime.now(UTC) + timedelta(hours=hours))


def hand_over(client: GraphClient, post: FeedPost) -> str:
    return publish_feed_post(client, DEFAULT_PAGE, PAGE_TOKEN, post).id


def look(client: GraphClient, post: FeedPost, started: datetime) -> object:
    posts = list_scheduled_posts(client, DEFAULT_PAGE, PAGE_TOKEN)
    return find_scheduled(posts, post=post, application_id=DEFAULT_APP, not_before=started, known_ids=())


def test_a_scheduled_post_waits_and_goes_live_by_itself(sandbox: SandboxServer, client: GraphClient) -> None:
    """Not among the published ones before its time, not among the scheduled ones after it."""
    started, post = datetime.now(UTC), plan()
    post_id = hand_over(client, post)
    waiting = look(client, post, started)
    assert isinstance(waiting, Found)
    assert waiting.post.id == post_id
    assert waiting.post.scheduled_publish_time == post.scheduled_publish_time.replace(microsecond=0)  # type: ignore[union-attr]
    assert list_published_posts(client, DEFAULT_PAGE, PAGE_TOKEN, since=started) == []
    sandbox.control.advance_clock(2 * 3600 + 1)
    assert look(client, post, started) == Absent()
    live = list_published_posts(client, DEFAULT_PAGE, PAGE_TOKEN, since=started)
    found = find_published(live, post=post, application_id=DEFAULT_APP, not_before=started, known_ids=())
    assert isinstance(found, Found)
    assert (found.post.id, found.post.is_published, found.post.scheduled_publish_time) == (post_id, True, None)


@pytest.mark.parametrize("end", UNCLEAR)
def test_a_hand_over_without_an_answer_is_found_among_the_scheduled(
    sandbox: SandboxServer, client: GraphClient, end: str
) -> None:
    """Albums too, and told from one of the same text at another time."""
    sandbox.control.set_refuse_duplicates(False)
    started = datetime.now(UTC)
    hand_over(client, plan(hours=3))
    post = plan(photos=(upload_png(client, 1, is_temporary=True), upload_png(client, 2, is_temporary=True)))
    sandbox.control.add_fault(f"committed_then_{end}", method="POST", edge="feed")
    with pytest.raises(errors.OutcomeUnknownError):
        hand_over(client, post)
    found = look(client, post, started)
    assert isinstance(found, Found)
    assert found.post.media_ids == post.attached_media


def test_a_schedule_outside_facebooks_window_is_refused(client: GraphClient) -> None:
    """As the post's mistake."""
    with pytest.raises(errors.InvalidPostError, match="scheduled publish time is invalid"):
        hand_over(client, plan(hours=0.1))


def test_a_scheduled_post_is_moved_and_canceled(sandbox: SandboxServer, client: GraphClient) -> None:
    """Each change may be made twice."""
    post_id, later = hand_over(client, plan()), datetime.now(UTC) + timedelta(days=3)
    for _ in range(2):
        reschedule(client, post_id, PAGE_TOKEN, later)
    moved = read_post(client, post_id, PAGE_TOKEN)
    assert moved.scheduled_publish_time == later.replace(microsecond=0)
    for _ in range(2):
        cancel_schedule(client, post_id, PAGE_TOKEN)
    assert sandbox.control.posts(DEFAULT_PAGE) == []


def test_a_scheduled_post_is_published_early(client: GraphClient) -> None:
    """And reads back as live."""
    post_id = hand_over(client, plan())
    publish_post_now(client, post_id, PAGE_TOKEN)
    live = read_post(client, post_id, PAGE_TOKEN)
    assert (live.is_published, live.scheduled_publish_time) == (True, None)


@pytest.mark.parametrize("end", UNCLEAR)
def test_only_an_unclear_change_that_publishes_is_unknown(
    sandbox: SandboxServer, client: GraphClient, end: str
) -> None:
    """Another one may simply be made again."""
    post_id = hand_over(client, plan())
    later = datetime.now(UTC) + timedelta(days=3)
    sandbox.control.add_fault(f"committed_then_{end}", method="POST", edge="post", times=2)
    with pytest.raises(errors.TryAgainError):
        reschedule(client, post_id, PAGE_TOKEN, later)
    with pytest.raises(errors.OutcomeUnknownError):
        publish_post_now(client, post_id, PAGE_TOKEN)
    assert read_post(client, post_id, PAGE_TOKEN).is_published


def test_a_post_that_is_live_can_not_be_moved(client: GraphClient) -> None:
    """Its time has passed."""
    post_id = hand_over(client, plan())
    publish_post_now(client, post_id, PAGE_TOKEN)
    with pytest.raises(errors.InvalidPostError):
        reschedule(client, post_id, PAGE_TOKEN, datetime.now(UTC) + timedelta(days=3))


def test_a_long_list_of_scheduled_posts_is_read_to_its_end(client: GraphClient) -> None:
    """By the rules of every list."""
    ids = {hand_over(client, plan(f"Post {number}")) for number in range(30)}
    assert {post.id for post in list_scheduled_posts(client, DEFAULT_PAGE, PAGE_TOKEN)} == ids


@pytest.mark.parametrize("fault", ["cursor_100", "reduce_data_1", "reset", "html_502"])
def test_a_list_of_scheduled_posts_that_breaks_off_proves_nothing(
    sandbox: SandboxServer, client: GraphClient, fault: str
) -> None:
    """Half a list is not "absent"."""
    for number in range(30):
        hand_over(client, plan(f"Post {number}"))
    sandbox.control.add_fault(fault, edge="scheduled_posts", skip=1)
    with pytest.raises(errors.GraphRefusedError):
        list_scheduled_posts(client, DEFAULT_PAGE, PAGE_TOKEN)


@pytest.mark.parametrize("reply", [{"success": False}, {}, {"id": "1_2"}])
def test_a_change_that_facebook_does_not_confirm_is_not_made(serve, reply: dict) -> None:
    """A 200 alone is no yes."""
    client = open_client(serve(answer(reply)).url)
    with pytest.raises(errors.TryAgainError):
        reschedule(client, "1_2", TOKEN, datetime.now(UTC))
    with pytest.raises(errors.OutcomeUnknownError):
        publish_video_now(client, "12", TOKEN)


def test_a_scheduled_video_is_changed_at_its_own_node(serve) -> None:
    """With the names that a video has for the same things."""
    server = serve(answer({"success": True}))
    client = open_client(server.url)
    reschedule(client, "12", TOKEN, datetime(2026, 11, 24, 18, 0, 0, 999_999, UTC))
    publish_video_now(client, "12", TOKEN)
    forms = [take_apart(request).form for request in server.requests]
    assert [{key: form[key] for key in form if key != "appsecret_proof"} for form in forms] == [
        {"scheduled_publish_time": "1795543200"},
        {"published": "true"},
    ]
    assert {take_apart(request).path for request in server.requests} == {"/v26.0/12"}


def test_an_instant_without_a_time_zone_is_never_sent(serve) -> None:
    """It would be some other second at Facebook."""
    server = serve(answer({"success": True}))
    with pytest.raises(ValueError, match="time zone"):
        reschedule(open_client(server.url), "1_2", TOKEN, datetime(2026, 11, 24))  # noqa: DTZ001 - the point of the test
    assert server.requests == []
