"""Photos and the posts that show them, over HTTP against the sandbox."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from graph_sandbox.samples import make_png
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_PAGE
from socialpub import errors
from socialpub.graph.client import GraphClient
from socialpub.graph.media import MediaFile
from socialpub.graph.nodes import delete_node
from socialpub.graph.photos import read_photo, upload_photo
from socialpub.graph.posts import FeedPost, build_feed_request, list_published_posts, read_post
from socialpub.graph.read_back import Absent, Found, find_published
from tests.graph.conftest import PAGE_TOKEN, UNCLEAR, answer, open_client, png, take_apart, upload_png
from tests.graph.publishing import publish_feed_post


def test_a_photo_arrives_whole_and_unpublished(sandbox: SandboxServer, client: GraphClient) -> None:
    """With its description for the blind; and nobody sees it yet."""
    photo_id = upload_png(client, 1, alt_text="Zażółcona brama 🧙", caption="Brama")
    [photo] = sandbox.control.photos(DEFAULT_PAGE)
    assert (photo.id, photo.alt_text, photo.caption) == (photo_id, "Zażółcona brama 🧙", "Brama")
    assert photo.size == len(make_png(1))
    assert photo.post_id is None
    assert sandbox.control.posts(DEFAULT_PAGE) == []


def test_an_album_shows_its_photos_in_order_and_is_found_again_by_them(client: GraphClient) -> None:
    """Ten photos, uploaded in one order and attached in another."""
    started = datetime.now(UTC)
    ids = tuple(reversed([upload_png(client, seed) for seed in range(10)]))
    post = FeedPost("Zażółć gęślą", attached_media=ids)
    made = publish_feed_post(client, DEFAULT_PAGE, PAGE_TOKEN, post)
    assert read_post(client, made.id, PAGE_TOKEN).media_ids == ids
    posts = list_published_posts(client, DEFAULT_PAGE, PAGE_TOKEN, since=started - timedelta(seconds=30))
    found = find_published(posts, post=post, application_id=DEFAULT_APP, not_before=started, known_ids=())
    assert isinstance(found, Found)
    assert found.post.id == made.id


@pytest.mark.parametrize("end", UNCLEAR)
def test_an_album_whose_answer_is_lost_is_found_among_posts_of_the_same_text(
    sandbox: SandboxServer, client: GraphClient, end: str
) -> None:
    """Text alone would be ambiguous; the photos are nobody else's."""
    sandbox.control.set_refuse_duplicates(False)
    started = datetime.now(UTC)
    publish_feed_post(client, DEFAULT_PAGE, PAGE_TOKEN, FeedPost("Gates open", attached_media=(upload_png(client, 1),)))
    publish_feed_post(client, DEFAULT_PAGE, PAGE_TOKEN, FeedPost("Gates open"))
    post = FeedPost("Gates open", attached_media=(upload_png(client, 2), upload_png(client, 3)))
    sandbox.control.add_fault(f"committed_then_{end}", method="POST", edge="feed")
    with pytest.raises(errors.OutcomeUnknownError):
        publish_feed_post(client, DEFAULT_PAGE, PAGE_TOKEN, post)
    posts = list_published_posts(client, DEFAULT_PAGE, PAGE_TOKEN, since=started - timedelta(seconds=30))
    found = find_published(posts, post=post, application_id=DEFAULT_APP, not_before=started, known_ids=())
    assert isinstance(found, Found)
    assert found.post.media_ids == post.attached_media


def test_an_album_without_a_text_is_told_from_others_without_one(client: GraphClient) -> None:
    """No text is no fingerprint."""
    started = datetime.now(UTC)
    other = FeedPost(None, attached_media=(upload_png(client, 1),))
    publish_feed_post(client, DEFAULT_PAGE, PAGE_TOKEN, other)
    mine = FeedPost(None, attached_media=(upload_png(client, 2),))
    posts = list_published_posts(client, DEFAULT_PAGE, PAGE_TOKEN, since=started - timedelta(seconds=30))
    search = {"application_id": DEFAULT_APP, "not_before": started, "known_ids": ()}
    assert find_published(posts, post=mine, **search) == Absent()
    assert isinstance(find_published(posts, post=other, **search), Found)


@pytest.mark.parametrize("end", [f"committed_then_{end}" for end in UNCLEAR] + ["reset", "error_400_code1"])
def test_an_upload_that_is_unclear_may_be_repeated(sandbox: SandboxServer, client: GraphClient, end: str) -> None:
    """It publishes nothing; a photo that nobody uses is deleted by Facebook."""
    sandbox.control.add_fault(end, method="POST", edge="photos")
    with pytest.raises(errors.TryAgainError):
        upload_png(client)
    assert len(sandbox.control.arrivals(method="POST", edge="photos")) == 1
    assert upload_png(client)
    assert sandbox.control.posts(DEFAULT_PAGE) == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [("throttle_32", errors.RateLimitedError), ("token_460", errors.TokenRefusedError),
     ("permission_200", errors.PermissionRefusedError), ("blocked_368", errors.PolicyBlockedError)],
)  # fmt: skip
def test_a_definite_refusal_of_an_upload_is_one(
    sandbox: SandboxServer, client: GraphClient, fault: str, kind: type[Exception]
) -> None:
    """That it may be repeated does not make it worth repeating."""
    sandbox.control.add_fault(fault, method="POST", edge="photos")
    with pytest.raises(kind):
        upload_png(client)


@pytest.mark.parametrize("content", [b"GIF, but only in words", make_png()[:40]])
def test_a_file_that_is_no_image_is_refused(client: GraphClient, content: bytes) -> None:
    """As the post's mistake, with Facebook's words."""
    file = MediaFile(io.BytesIO(content), len(content), "a.png", "image/png")
    with pytest.raises(errors.InvalidPostError, match="image file"):
        upload_photo(client, DEFAULT_PAGE, PAGE_TOKEN, file)


def test_a_photo_that_is_too_big_is_refused(sandbox: SandboxServer, client: GraphClient) -> None:
    """The subcode says more than code 100."""
    sandbox.control.change_settings(photo_max_bytes=50)
    with pytest.raises(errors.InvalidPostError, match="less than") as caught:
        upload_png(client)
    assert caught.value.failure.subcode == 1366046


def test_a_photo_is_fetched_from_its_public_url(serve, client: GraphClient) -> None:
    """Without its bytes passing through here."""
    server = serve(answer(make_png(7), headers={"Content-Type": "image/png"}))
    photo_id = upload_photo(client, DEFAULT_PAGE, PAGE_TOKEN, f"{server.url}/gates.png?sig=1")
    assert take_apart(server.requests[0]).path == "/gates.png"
    assert read_photo(client, photo_id, PAGE_TOKEN)


def test_a_photo_is_deleted_once_and_gone_after_that(sandbox: SandboxServer, client: GraphClient) -> None:
    """Cleaning up twice is no mistake."""
    photo_id = upload_png(client)
    for _ in range(2):
        delete_node(client, photo_id, PAGE_TOKEN)
    assert read_photo(client, photo_id, PAGE_TOKEN) is None
    assert sandbox.control.photos(DEFAULT_PAGE) == []


@pytest.mark.parametrize("end", UNCLEAR)
def test_an_unclear_deletion_may_be_repeated(sandbox: SandboxServer, client: GraphClient, end: str) -> None:
    """The second one finds nothing, which is what was wanted."""
    photo_id = upload_png(client)
    sandbox.control.add_fault(f"committed_then_{end}", method="DELETE")
    with pytest.raises(errors.TryAgainError):
        delete_node(client, photo_id, PAGE_TOKEN)
    delete_node(client, photo_id, PAGE_TOKEN)


def test_a_deletion_that_is_refused_for_a_reason_is_not_done(sandbox: SandboxServer, client: GraphClient) -> None:
    """Only "there is no such photo" is as good as done."""
    photo_id = upload_png(client)
    sandbox.control.add_fault("permission_10", method="DELETE")
    with pytest.raises(errors.PermissionRefusedError):
        delete_node(client, photo_id, PAGE_TOKEN)
    assert read_photo(client, photo_id, PAGE_TOKEN)


def test_a_photo_tells_whether_a_live_post_shows_it(sandbox: SandboxServer, client: GraphClient) -> None:
    """Unused, in a scheduled post, in a live one, and after a day."""
    unused, live = upload_png(client, 1), upload_png(client, 2)
    waiting = upload_png(client, 3, is_temporary=True)
    publish_feed_post(client, DEFAULT_PAGE, PAGE_TOKEN, FeedPost("Live", attached_media=(live,)))
    due = datetime.now(UTC) + timedelta(hours=1)
    later = FeedPost("Later", attached_media=(waiting,), scheduled_publish_time=due)
    publish_feed_post(client, DEFAULT_PAGE, PAGE_TOKEN, later)
    shown = {photo_id: read_photo(client, photo_id, PAGE_TOKEN) for photo_id in (unused, live, waiting)}
    assert [photo and photo.is_published for photo in shown.values()] == [False, True, False]
    sandbox.control.advance_clock(25 * 3600)
    assert read_photo(client, unused, PAGE_TOKEN) is None


def test_a_story_that_is_not_live_does_not_make_its_photo_published(serve) -> None:
    """Other clients have found a story id on photos that no post shows."""
    photo = answer({"id": "5", "created_time": "2026-11-24T18:00:00+0000", "page_story_id": "1_5"})
    missing = answer({"error": {"message": "Unsupported get request", "code": 100, "error_subcode": 33}}, status=400)
    for story, is_published in ((missing, False), (answer({"id": "1_5", "is_published": True}), True)):
        seen = read_photo(open_client(serve(photo, story).url), "5", PAGE_TOKEN)
        assert seen and seen.is_published is is_published


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": "x"}, {"id": ["5"]}, {"post_id": "1_5"}, {"id": "5\n"}])
def test_a_success_without_an_id_is_tried_again(serve, body: dict) -> None:
    """An album can't be built of what has no id."""
    with pytest.raises(errors.TryAgainError, match="no id"):
        upload_photo(open_client(serve(answer(body)).url), "1", PAGE_TOKEN, png())


@pytest.mark.parametrize(
    ("code", "subcode", "is_gone"),
    [
        (100, 33, True),
        (100, None, True),
        (803, None, True),
        (100, 1349125, False),
        (2500, None, False),
        (10, 33, False),
    ],
)
def test_only_a_photo_that_is_not_there_is_as_good_as_deleted(
    serve, code: int, subcode: int | None, is_gone: bool
) -> None:
    """A deletion has no parameter that a bare 100 could be about."""
    error = {"message": "Unsupported delete request", "code": code, "error_subcode": subcode}
    client = open_client(serve(answer({"error": error}, status=400)).url)
    if is_gone:
        delete_node(client, "5", PAGE_TOKEN)
    else:
        with pytest.raises(errors.GraphRefusedError):
            delete_node(client, "5", PAGE_TOKEN)


@pytest.mark.parametrize(("code", "subcode"), [(100, None), (100, 1349125), (10, 33), (190, 463)])
def test_a_read_that_is_refused_does_not_call_a_photo_gone(serve, code: int, subcode: int | None) -> None:
    """Deleting and uploading again would follow from it."""
    error = {"message": "Tried accessing nonexisting field", "code": code, "error_subcode": subcode}
    with pytest.raises(errors.GraphRefusedError):
        read_photo(open_client(serve(answer({"error": error}, status=400)).url), "5", PAGE_TOKEN)


@pytest.mark.parametrize(("status", "done"), [({"success": False}, False), ({}, False), ({"success": "true"}, True)])
def test_a_deletion_is_done_when_facebook_says_so(serve, status: dict, done: bool) -> None:
    """As a boolean or, in some of its pages, as text."""
    client = open_client(serve(answer(status)).url)
    if done:
        delete_node(client, "5", PAGE_TOKEN)
    else:
        with pytest.raises(errors.TryAgainError):
            delete_node(client, "5", PAGE_TOKEN)


DUE = datetime.fromisoformat("2026-11-24T18:00:00.900+01:00")


@pytest.mark.parametrize(
    ("post", "form"),
    [
        (FeedPost("Hi"), {"message": "Hi"}),
        (FeedPost("Hi", "https://a.example"), {"message": "Hi", "link": "https://a.example"}),
        (FeedPost(None, attached_media=("2", "1")),
         {"attached_media": '[{"media_fbid":"2"},{"media_fbid":"1"}]'}),
        (FeedPost("Hi", scheduled_publish_time=DUE),
         {"message": "Hi", "published": "false", "scheduled_publish_time": "1795539600"}),
        (FeedPost("Hi", attached_media=("1",), scheduled_publish_time=DUE),
         {"message": "Hi", "attached_media": '[{"media_fbid":"1"}]', "published": "false",
          "scheduled_publish_time": "1795539600", "unpublished_content_type": "SCHEDULED"}),
        (FeedPost("Hi", attached_media=("1", "2"), scheduled_publish_time=DUE),
         {"message": "Hi", "attached_media": '[{"media_fbid":"1"},{"media_fbid":"2"}]', "published": "false",
          "scheduled_publish_time": "1795539600", "unpublished_content_type": "SCHEDULED"}),
    ],
)  # fmt: skip
def test_a_post_is_sent_with_what_it_needs_and_no_more(post: FeedPost, form: dict[str, str]) -> None:
    """Whole seconds; the content type for scheduled photos only."""
    assert build_feed_request("1", post).data == form


@pytest.mark.parametrize("post", [FeedPost(None), FeedPost("", ""), FeedPost(None, scheduled_publish_time=DUE)])
def test_a_post_of_nothing_is_refused_before_sending(post: FeedPost) -> None:
    """A schedule is no content."""
    with pytest.raises(errors.InvalidPostError, match="neither text nor a link nor media"):
        build_feed_request("1", post)
