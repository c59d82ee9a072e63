"""Finding an unanswered post again: what counts as the same post, and what only as maybe."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from socialpub import errors
from socialpub.graph.page_post import PagePost, parse_page_post
from socialpub.graph.posts import FeedPost, list_published_posts
from socialpub.graph.read_back import (
    Absent,
    Ambiguous,
    Found,
    find_published,
    find_scheduled,
    normalise_link,
    normalise_text,
)
from tests.graph.conftest import APP_ID, TOKEN, answer, open_client

SENT_AT = datetime(2026, 11, 24, 18, 0, 0, 400_000, tzinfo=UTC)
TEXT = "Zażółć gęślą jaźń\nGates open at 18:00"
LIVE = PagePost("1_2", TEXT, SENT_AT.replace(microsecond=0), "https://www.facebook.com/1/posts/2", APP_ID, None, True)
POST = FeedPost(TEXT)


def look(*posts: PagePost, post: FeedPost = POST, known_ids: tuple[str, ...] = ()) -> object:
    return find_published(posts, post=post, application_id=APP_ID, not_before=SENT_AT, known_ids=known_ids)


def test_the_post_is_found_although_its_second_began_before_the_request():
    """created_time has whole seconds."""
    assert look(LIVE) == Found(LIVE)


@pytest.mark.parametrize(
    "message",
    [
        TEXT.replace("\n", "\r\n"),
        TEXT.replace("\n", " \n\n "),
        f"  {TEXT}\n",
        TEXT.replace(" ", "\u00a0"),
        unicodedata.normalize("NFD", TEXT),
    ],
)
def test_what_facebook_evens_out_in_a_text_does_not_matter(message: str):
    """Line ends, runs of whitespace, composed or not."""
    assert look(replace(LIVE, message=message)) == Found(replace(LIVE, message=message))


@pytest.mark.parametrize(
    "change",
    [
        {"message": TEXT + "!"},
        {"message": TEXT.upper()},
        {"message": None},
        {"application_id": "999"},
        {"created_time": SENT_AT - timedelta(seconds=31)},
        {"is_published": False},
    ],
)
def test_another_post_is_not_ours(change: dict):
    """Other words, another app, older, or not live."""
    assert look(replace(LIVE, **change)) == Absent()


@pytest.mark.parametrize(("early_by", "is_found"), [(30, True), (30.001, False)])
def test_facebooks_clock_may_be_half_a_minute_behind(early_by: float, is_found: bool):
    """The edge belongs to the window."""
    live = replace(LIVE, created_time=SENT_AT - timedelta(seconds=early_by))
    assert look(live) == (Found(live) if is_found else Absent())


def test_a_post_without_an_application_may_be_ours():
    """A field that is left out contradicts nothing."""
    live = replace(LIVE, application_id=None)
    assert look(live) == Found(live)


def test_one_sure_candidate_outweighs_a_doubtful_one():
    """The doubtful one has another link."""
    post = FeedPost(TEXT, "https://example.org/a")
    sure = replace(LIVE, link="https://example.org/a")
    assert look(replace(LIVE, id="1_3", link="https://example.org/b"), sure, post=post) == Found(sure)


def test_an_id_that_another_row_holds_is_not_ours():
    """Two equal texts on one Page are two posts."""
    assert look(LIVE, known_ids=("1_2",)) == Absent()
    twin = replace(LIVE, id="1_3")
    assert look(LIVE, twin, known_ids=("1_2",)) == Found(twin)


def test_two_candidates_are_for_a_person_to_decide():
    """Guessing could claim somebody else's post."""
    twin = replace(LIVE, id="1_3")
    assert look(LIVE, twin) == Ambiguous((LIVE, twin))


@pytest.mark.parametrize("change", [{"created_time": None}, {"link": "https://example.org/other"}])
def test_a_post_that_may_be_ours_is_never_called_absent(change: dict):
    """A wrong "absent" posts twice."""
    doubtful = replace(LIVE, **change)
    assert look(doubtful, post=FeedPost(TEXT, "https://example.org/a")) == Ambiguous((doubtful,))


@pytest.mark.parametrize(
    "shown",
    [
        "https://example.org/a?x=1",
        "https://EXAMPLE.org/a/?x=1",
        "https://example.org/a?x=1&fbclid=IwAR0",
        "https://example.org/a?x=1#top",
        None,
    ],
)
def test_a_link_is_compared_without_what_facebook_adds(shown: str | None):
    """A link Facebook does not name is no contradiction when the text agrees."""
    live = replace(LIVE, link=shown)
    assert look(live, post=FeedPost(TEXT, "https://example.org/a?x=1")) == Found(live)


def test_a_link_alone_needs_the_link_to_agree():
    """Without text, a post without a known link could be anything."""
    bare = replace(LIVE, message=None)
    post = FeedPost(None, "https://example.org/a")
    assert look(bare, post=post) == Ambiguous((bare,))
    assert look(replace(bare, link="https://example.org/a"), post=post) == Found(
        replace(bare, link="https://example.org/a")
    )


ALBUM = FeedPost(TEXT, attached_media=("11", "12"))


@pytest.mark.parametrize("shown", [("11", "12"), ("12", "11")])
def test_an_album_is_found_by_its_text_and_its_photos(shown: tuple[str, ...]):
    """In whatever order Facebook shows them."""
    live = replace(LIVE, media_ids=shown)
    assert look(live, post=ALBUM) == Found(live)


@pytest.mark.parametrize("shown", [(), ("11",), ("11", "12", "13"), ("21", "22")])
def test_a_post_of_the_same_text_with_other_photos_is_never_called_absent(shown: tuple[str, ...]):
    """Facebook may show a part of them, or none yet."""
    doubtful = replace(LIVE, media_ids=shown)
    assert look(doubtful, post=ALBUM) == Ambiguous((doubtful,))
    sure = replace(LIVE, id="1_3", media_ids=("11", "12"))
    assert look(doubtful, sure, post=ALBUM) == Found(sure)


def test_our_photos_under_another_text_are_ours_as_well():
    """Nobody else has their ids, but somebody has edited the post: a person has to look."""
    edited = replace(LIVE, message="Gates open at 19:00", media_ids=("11", "12"))
    assert look(edited, post=ALBUM) == Ambiguous((edited,))
    assert look(replace(edited, media_ids=("21",)), post=ALBUM) == Absent()


@pytest.mark.parametrize(("shown", "is_absent"), [((), False), (("11",), False), (("21", "22"), True)])
def test_without_a_text_other_photos_are_another_post(shown: tuple[str, ...], is_absent: bool):
    """No text is no fingerprint; unknown photos may be ours."""
    bare = replace(LIVE, message=None, media_ids=shown)
    found = look(bare, post=replace(ALBUM, message=None))
    assert found == (Absent() if is_absent else Ambiguous((bare,)))


def test_a_text_post_is_found_whatever_its_link_shows():
    """A link to a video comes with one."""
    live = replace(LIVE, media_ids=("99",))
    assert look(live) == Found(live)


@pytest.mark.parametrize(
    ("attachments", "media_ids"),
    [
        ({"data": [{"media_type": "photo", "target": {"id": "11"}}]}, ("11",)),
        ({"data": [{"media_type": "video", "target": {"id": 11}}]}, ("11",)),
        (
            {"data": [{"media_type": "album", "target": {"id": "9"}, "subattachments": {"data": [
                {"media_type": "photo", "target": {"id": "12"}}, {"media_type": "photo", "target": {"id": "11"}}]}}]},
            ("12", "11"),
        ),
        ({"data": [{"media_type": "album", "target": {"id": "9"}}]}, ()),
        ({"data": [{"media_type": "link", "target": {"id": "9", "url": "https://example.org"}}]}, ()),
        ({"data": [{"media_type": "photo"}, {"media_type": "photo", "target": {}}, {"target": {"id": "9"}}]}, ()),
        ({"data": [{"media_type": ["photo"], "target": {"id": "9"}}, "x", None]}, ()),
        ({"data": [{"media_type": "photo", "target": "11"}]}, ()),
        ({"data": {"media_type": "photo"}}, ()),
        ([], ()),
        ("x", ()),
        (None, ()),
    ],
)  # fmt: skip
def test_the_media_of_a_post_are_read_as_far_as_they_make_sense(attachments: object, media_ids: tuple[str, ...]):
    """Photos and videos; the album and the link are neither."""
    post = parse_page_post({"id": "1_2", "attachments": attachments})
    assert post
    assert post.media_ids == media_ids


DUE = SENT_AT + timedelta(days=2)
HELD = replace(LIVE, is_published=False, scheduled_publish_time=DUE.replace(microsecond=0))
PLANNED = FeedPost(TEXT, scheduled_publish_time=DUE)


def look_ahead(*posts: PagePost, post: FeedPost = PLANNED, known_ids: tuple[str, ...] = ()) -> object:
    return find_scheduled(posts, post=post, application_id=APP_ID, not_before=SENT_AT, known_ids=known_ids)


def test_a_scheduled_post_is_found_by_its_text_and_its_time():
    """Facebook keeps whole seconds."""
    assert look_ahead(HELD) == Found(HELD)


@pytest.mark.parametrize(
    "change",
    [{"message": "Other"}, {"application_id": "999"}, {"created_time": SENT_AT - timedelta(seconds=31)},
     {"is_published": True}, {"id": "1_7"}],
)  # fmt: skip
def test_another_scheduled_post_is_not_ours(change: dict):
    """Other words, another app, older, live already, or known."""
    assert look_ahead(replace(HELD, **change), known_ids=("1_7",)) == Absent()


@pytest.mark.parametrize(
    "change",
    [{"scheduled_publish_time": DUE + timedelta(minutes=1)}, {"scheduled_publish_time": None}, {"created_time": None}],
)
def test_a_scheduled_post_of_another_time_is_never_called_absent(change: dict):
    """Somebody may have moved it on facebook.com."""
    doubtful = replace(HELD, **change)
    assert look_ahead(doubtful) == Ambiguous((doubtful,))
    assert look_ahead(doubtful, replace(HELD, id="1_3")) == Found(replace(HELD, id="1_3"))


def test_a_scheduled_album_is_found_by_its_photos():
    """Two with the same text at the same time are told apart."""
    mine = replace(HELD, media_ids=("11", "12"))
    album = replace(PLANNED, attached_media=("11", "12"))
    assert look_ahead(mine, replace(HELD, id="1_3", media_ids=("21",)), post=album) == Found(mine)


def test_normalising_survives_what_is_no_link_and_no_text():
    """Both come from people."""
    assert normalise_text(None) == ""
    assert normalise_link(" http://[broken ") == "http://[broken"


def page(*nodes: dict, after: str | None) -> object:
    paging = {"next": "https://graph.example/with-token", "cursors": {"after": after}} if after else {}
    return answer({"data": list(nodes), "paging": paging})


def node(number: int, at: datetime) -> dict:
    return {"id": f"1_{number}", "message": TEXT, "created_time": at.strftime("%Y-%m-%dT%H:%M:%S+0000")}


def listed(url: str, **limits: int) -> list[str]:
    since = SENT_AT - timedelta(seconds=30)
    return [post.id for post in list_published_posts(open_client(url), "1", TOKEN, since=since, **limits)]


def test_an_empty_page_with_a_next_one_is_not_the_end(serve):
    """Facebook filters after cutting pages."""
    server = serve(page(after="A"), page(node(1, SENT_AT), after="B"), page(after=None))
    assert listed(server.url) == ["1_1"]
    assert b"after=A" in server.requests[1]
    assert b"after=B" in server.requests[2]


def test_the_list_ends_at_posts_that_are_all_older(serve):
    """Newest first: the rest of a Page's history is not read."""
    server = serve(page(node(2, SENT_AT), node(1, SENT_AT - timedelta(hours=1)), after="A"),
                   page(node(0, SENT_AT - timedelta(days=1)), after="B"))  # fmt: skip
    assert listed(server.url) == ["1_2"]
    assert len(server.requests) == 2


def test_the_list_starts_at_its_first_second_and_keeps_posts_without_a_time(serve):
    """Newest first, and Facebook's order is not relied on."""
    since = SENT_AT.replace(microsecond=0)
    nodes = [node(1, since), {"id": "1_2"}, node(3, since - timedelta(seconds=1)), node(4, since + timedelta(hours=1))]
    posts = list_published_posts(open_client(serve(page(*nodes, after=None)).url), "1", TOKEN, since=since)
    assert {post.id for post in posts} == {"1_1", "1_2", "1_4"}
    assert posts[0].id == "1_4"


def test_the_address_of_the_next_page_is_not_called(serve):
    """It holds the token in the clear and names any host it likes."""
    elsewhere = serve(page(after=None))
    first = answer({"data": [], "paging": {"next": f"{elsewhere.url}/steal", "cursors": {"after": "A&x=1"}}})
    server = serve(first, page(after=None))
    assert listed(server.url) == []
    assert b"after=A%26x%3D1&" in server.requests[1]
    assert elsewhere.requests == []


def test_a_cursor_on_the_last_page_leads_nowhere(serve):
    """Only `next` says that there is more."""
    server = serve(answer({"data": [node(1, SENT_AT)], "paging": {"cursors": {"before": "A", "after": "B"}}}))
    assert listed(server.url) == ["1_1"]
    assert len(server.requests) == 1


def test_a_list_that_breaks_off_proves_nothing(serve):
    """What the first page held is not half a proof."""
    server = serve(page(node(1, SENT_AT), after="A"), answer({"error": {"message": "Expired", "code": 1}}, status=500))
    with pytest.raises(errors.TryAgainError, match="Expired"):
        listed(server.url)


def test_a_list_without_an_end_proves_nothing(serve):
    """Half a list can't prove a post absent."""
    server = serve(page(node(1, SENT_AT), after="A"))
    with pytest.raises(errors.TryAgainError, match="did not end within 3 pages"):
        listed(server.url, max_pages=3)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": {}},
        {"data": [{"message": "no id"}]},
        {"data": ["1_2"]},
        {"data": [], "paging": {"next": "https://x", "cursors": {}}},
    ],
)
def test_an_answer_that_is_no_list_proves_nothing(serve, body: dict):
    """Never "absent"."""
    with pytest.raises(errors.TryAgainError):
        listed(serve(answer(body)).url)
