"""Comments of the Page under its posts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from graph_sandbox.control import SandboxControl
from graph_sandbox.entities import PUBLISHING_SCOPES
from graph_sandbox.samples import make_png
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_PAGE, DEFAULT_PAGE_TOKEN

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph


@pytest.fixture
def post_id(graph: Graph, control: SandboxControl) -> str:
    control.narrow_token(DEFAULT_PAGE_TOKEN, scopes=(*PUBLISHING_SCOPES, "pages_manage_engagement"))
    return graph.publish("Kronika")


def comment(graph: Graph, post_id: str, message: str, **params: Any) -> str:
    """Write a comment that must be taken; return its id."""
    response = graph.post(f"{post_id}/comments", message=message, **params)
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


def test_a_comment_is_under_its_post_alone(graph: Graph, control: SandboxControl, post_id: str) -> None:
    """Its id begins with the post's number, and it reads back in the list and by itself."""
    other = graph.publish("Inna")
    comment_id = comment(graph, post_id, "Zapisy: https://example.org/\r\n")
    assert comment_id.startswith(f"{post_id.partition('_')[2]}_")
    [row] = graph.get(f"{post_id}/comments").json()["data"]
    assert (row["id"], row["message"], row["from"]["id"]) == (comment_id, "Zapisy: https://example.org/", DEFAULT_PAGE)
    assert graph.get(comment_id, fields="message").json() == {"id": comment_id, "message": row["message"]}
    assert graph.get(f"{other}/comments").json() == {"data": []}
    assert [kept.id for kept in control.comments(post_id)] == [comment_id]
    assert control.arrivals(edge="comments", method="POST")[0].committed == comment_id


def test_commenting_needs_its_own_permission(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """What publishes does not yet comment, and the error names what is missing."""
    post_id = graph.publish("Kronika")
    response = graph.post(f"{post_id}/comments", message="x")
    assert error_of(response) == (403, 200, None)
    assert "pages_manage_engagement" in response.json()["error"]["message"]
    scopes = (*PUBLISHING_SCOPES, "pages_manage_engagement")
    control.narrow_token(DEFAULT_PAGE_TOKEN, scopes=scopes, tasks=["CREATE_CONTENT"])
    assert error_of(graph.post(f"{post_id}/comments", message="x")) == (403, 200, None)
    control.narrow_token(DEFAULT_PAGE_TOKEN, scopes=["pages_manage_engagement"])
    assert error_of(graph.get(f"{post_id}/comments")) == (403, 10, None)
    assert control.comments(post_id) == []


@pytest.mark.parametrize(
    "params", [{}, {"message": ""}, {"message": " \n"}, {"message": "x", "text": "y"}, {"message": "x", "fields": "y"}]
)
def test_a_wrong_comment_is_refused(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, post_id: str, params: dict[str, str]
) -> None:
    """Empty, missing or with unknown parameters."""
    assert error_of(graph.post(f"{post_id}/comments", **params)) == (400, 100, None)
    assert control.comments(post_id) == []


def test_only_a_published_post_is_commented(graph: Graph, error_of: ErrorOf, post_id: str) -> None:
    """A draft cannot be, and neither a photo, a video nor a comment stands for its post."""
    draft = graph.publish("szkic", published="false")
    assert error_of(graph.post(f"{draft}/comments", message="x")) == (400, 100, None)
    photo_id = graph.upload("photos", make_png()).json()["id"]
    for wrong in (photo_id, comment(graph, post_id, "x"), f"{DEFAULT_PAGE}_1"):
        assert error_of(graph.post(f"{wrong}/comments", message="x")) == (400, 100, 33)


def test_comments_follow_each_other_in_pages_both_ways(graph: Graph, post_id: str, error_of: ErrorOf) -> None:
    """Oldest first, or newest first with `order`."""
    for number in range(5):
        comment(graph, post_id, str(number))
    path = f"{post_id}/comments"
    first = graph.get(path, limit=3).json()
    after = first["paging"]["cursors"]["after"]
    later = graph.get(path, limit=3, after=after).json()
    assert [row["message"] for row in first["data"] + later["data"]] == list("01234")
    newest = graph.get(path, order="reverse_chronological", limit=2).json()["data"]
    assert [row["message"] for row in newest] == ["4", "3"]
    assert error_of(graph.get(path, order="ranked")) == (400, 100, None)


def test_the_list_of_comments_lags_with_its_page(graph: Graph, control: SandboxControl, post_id: str) -> None:
    """A single read does not."""
    control.set_list_lag(DEFAULT_PAGE, 60)
    comment_id = comment(graph, post_id, "x")
    assert graph.get(f"{post_id}/comments").json() == {"data": []}
    assert graph.get(comment_id).status_code == 200
    control.advance_clock(61)
    assert len(graph.get(f"{post_id}/comments").json()["data"]) == 1


def test_a_comment_is_deleted_once(graph: Graph, control: SandboxControl, error_of: ErrorOf, post_id: str) -> None:
    """The second delete is code 100 subcode 33; a deleted post takes its comments along."""
    first, second = comment(graph, post_id, "a"), comment(graph, post_id, "b")
    assert graph.call("DELETE", first).json() == {"success": True}
    assert error_of(graph.call("DELETE", first)) == (400, 100, 33)
    graph.call("DELETE", post_id)
    assert error_of(graph.get(second)) == (400, 100, 33)


def test_another_page_cannot_touch_comments(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, post_id: str
) -> None:
    """To another Page's token neither post nor comment exists."""
    other = control.add_page("200000000000002", "Inna", scopes=(*PUBLISHING_SCOPES, "pages_manage_engagement"))
    comment_id = comment(graph, post_id, "x")
    assert error_of(graph.post(f"{post_id}/comments", token=other, message="y")) == (400, 100, 33)
    assert error_of(graph.call("DELETE", comment_id, token=other)) == (400, 100, 33)


def test_a_blind_retry_comments_twice(graph: Graph, control: SandboxControl, post_id: str) -> None:
    """An error may hide a comment that is there; faults match comments by edge and text."""
    control.add_fault("committed_then_500", edge="comments", match_message="Zapisy")
    assert graph.post(f"{post_id}/comments", message="Zapisy").status_code == 500
    comment(graph, post_id, "Zapisy")
    assert [kept.message for kept in control.comments(post_id)] == ["Zapisy", "Zapisy"]


def test_people_see_comments_as_text(graph: Graph, server: SandboxServer, post_id: str) -> None:
    """Below the post, oldest first."""
    for text in ("pierwszy", "<script>x</script>"):
        comment(graph, post_id, text)
    html = graph.session.get(f"{server.url}/pages/{DEFAULT_PAGE}").text
    assert html.index("pierwszy") < html.index("&lt;script&gt;")
    assert "<script>" not in html
