"""Lists of posts: paging, lag, time bounds, and who may read them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from graph_sandbox.control import SandboxControl
from graph_sandbox.state import DEFAULT_PAGE, DEFAULT_PAGE_TOKEN, DEFAULT_USER_TOKEN
from graph_sandbox.tokens import make_proof

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph


PUBLISHED = f"{DEFAULT_PAGE}/published_posts"


@pytest.fixture
def five_posts(graph: Graph) -> list[str]:
    for number in range(5):
        graph.publish(f"wpis {number}")
    return ["wpis 4", "wpis 3", "wpis 2", "wpis 1", "wpis 0"]


def walk(graph: Graph, **params: Any) -> tuple[list[list[str]], dict[str, Any]]:
    """Follow `after` cursors while there is a `next`; return the pages' texts."""
    pages, cursor = [], {}
    while True:
        answer = graph.get(PUBLISHED, limit=2, **params, **cursor).json()
        pages.append([row["message"] for row in answer["data"]])
        if "next" not in answer["paging"]:
            return pages, answer
        cursor = {"after": answer["paging"]["cursors"]["after"]}


def test_pages_follow_each_other_newest_first(graph: Graph, five_posts: list[str]) -> None:
    """Cursors lead through all posts once, and the last page still has an `after` cursor but no `next`."""
    pages, last = walk(graph)
    assert [text for page in pages for text in page] == five_posts
    assert [len(page) for page in pages] == [2, 2, 1]
    assert last["paging"]["cursors"]["after"]


def test_next_carries_the_token_but_no_proof(graph: Graph, five_posts: list[str]) -> None:
    """`next` is usable as it is except for the proof, which the client must add (and it must never be logged)."""
    address = graph.get(PUBLISHED, limit=2, fields="message").json()["paging"]["next"]
    query = parse_qs(urlsplit(address).query)
    assert query["access_token"] == [DEFAULT_PAGE_TOKEN]
    assert "appsecret_proof" not in query
    assert graph.session.get(address).status_code == 400
    proof = make_proof(DEFAULT_PAGE_TOKEN, "sandbox-app-secret")
    rows = graph.session.get(address, params={"appsecret_proof": proof}).json()["data"]
    assert [row["message"] for row in rows] == five_posts[2:4]


def test_a_page_leads_back_as_well(graph: Graph, five_posts: list[str]) -> None:
    """`before` returns the page before, and only there is a `previous` where something comes earlier."""
    first = graph.get(PUBLISHED, limit=2).json()
    assert "previous" not in first["paging"]
    second = graph.get(PUBLISHED, limit=2, after=first["paging"]["cursors"]["after"]).json()
    assert "previous" in second["paging"]
    assert graph.listed(limit=2, before=second["paging"]["cursors"]["before"]) == five_posts[:2]


def test_a_cursor_survives_the_deletion_of_its_post(
    graph: Graph, control: SandboxControl, five_posts: list[str]
) -> None:
    """Deleting the post a cursor points at neither repeats nor skips another."""
    first = graph.get(PUBLISHED, limit=2).json()
    control.delete_post(first["data"][1]["id"])
    assert graph.listed(limit=2, after=first["paging"]["cursors"]["after"]) == five_posts[2:4]


@pytest.mark.parametrize("params", [{"limit": 101}, {"limit": 0}, {"limit": "x"}, {"after": "x"}, {"order": "asc"}])
def test_wrong_paging_is_refused(graph: Graph, error_of: ErrorOf, params: dict[str, Any]) -> None:
    """A limit above 100, a cursor nobody gave out and unknown parameters are code 100."""
    assert error_of(graph.get(PUBLISHED, **params)) == (400, 100, None)


def test_an_empty_list_has_no_paging(graph: Graph) -> None:
    """Nothing published: an empty `data` alone."""
    assert graph.get(PUBLISHED).json() == {"data": []}


def test_an_empty_page_may_still_lead_on(graph: Graph, control: SandboxControl, five_posts: list[str]) -> None:
    """A scripted empty page has a `next` behind which the posts are."""
    control.add_fault("empty_page_with_next", edge="published_posts")
    empty = graph.get(PUBLISHED).json()
    assert empty["data"] == []
    assert "next" in empty["paging"]
    assert graph.listed(after=empty["paging"]["cursors"]["after"]) == five_posts


def test_a_lagging_list_shows_a_post_late_and_a_single_read_at_once(graph: Graph, control: SandboxControl) -> None:
    """Until the lag is over the list is empty, while the post itself can be read."""
    control.set_list_lag(DEFAULT_PAGE, 60)
    post_id = graph.publish("x")
    assert graph.listed() == []
    assert graph.get(post_id).status_code == 200
    control.advance_clock(61)
    assert graph.listed() == ["x"]


def test_the_lag_belongs_to_one_page(graph: Graph, control: SandboxControl) -> None:
    """Another Page's lists do not lag."""
    token = control.add_page("200000000000002", "Inna")
    control.set_list_lag(DEFAULT_PAGE, 60)
    graph.post("200000000000002/feed", token=token, message="x")
    assert len(graph.get("200000000000002/published_posts", token=token).json()["data"]) == 1


def test_a_post_that_goes_out_by_schedule_is_listed_after_the_lag(graph: Graph, control: SandboxControl) -> None:
    """The published list lags behind the moment a scheduled post goes out, too."""
    graph.publish("x", published="false", scheduled_publish_time=int(time.time()) + 3600)
    control.set_list_lag(DEFAULT_PAGE, 60)
    control.advance_clock(3610)
    assert graph.listed() == []
    control.advance_clock(60)
    assert graph.listed() == ["x"]


def test_since_and_until_bound_the_creation(graph: Graph, control: SandboxControl) -> None:
    """Both bounds are whole seconds and included."""
    graph.publish("wczoraj")
    control.advance_clock(86_400)
    graph.publish("dziś")
    border = int(control.now()) - 3600
    assert graph.listed(since=border) == ["dziś"]
    assert graph.listed(until=border) == ["wczoraj"]
    assert graph.listed(since="2100-01-01T00:00:00+00:00") == []


def test_the_clock_can_be_set_and_read(control: SandboxControl) -> None:
    """The sandbox's time is the real one plus the offset."""
    control.set_clock_offset(-1000)
    assert abs(control.now() - time.time() + 1000) < 5


def test_feed_shows_unpublished_posts_and_needs_its_own_permission(
    graph: Graph, control: SandboxControl, error_of: ErrorOf
) -> None:
    """`/feed` needs pages_read_user_content, and shows drafts with is_published false."""
    graph.publish("szkic", published="false")
    assert error_of(graph.get(f"{DEFAULT_PAGE}/feed")) == (403, 10, None)
    scopes = ["pages_show_list", "pages_manage_posts", "pages_read_engagement", "pages_read_user_content"]
    control.narrow_token(DEFAULT_PAGE_TOKEN, scopes=scopes)
    rows = graph.get(f"{DEFAULT_PAGE}/feed", fields="message,is_published").json()["data"]
    assert [(row["message"], row["is_published"]) for row in rows] == [("szkic", False)]


def test_lists_are_for_the_pages_own_token(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """A user token is code 210, another Page's token code 10."""
    other = control.add_page("200000000000002", "Inna")
    assert error_of(graph.get(PUBLISHED, token=DEFAULT_USER_TOKEN)) == (403, 210, None)
    assert error_of(graph.get(PUBLISHED, token=other)) == (403, 10, None)


def test_posts_is_the_same_list_and_me_the_same_page(graph: Graph) -> None:
    """`/posts` lists published posts; `me` stands for the Page of a Page token."""
    graph.publish("x")
    assert graph.listed("posts") == ["x"]
    assert graph.get("me/published_posts").json()["data"][0]["message"] == "x"
