"""One post: read, edited, rescheduled, published, deleted."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from graph_sandbox import tokens
from graph_sandbox.control import SandboxControl
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_PAGE

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph


def test_default_fields_are_time_text_and_id(graph: Graph) -> None:
    """Without `fields` a post shows three fields."""
    post_id = graph.publish("x")
    assert set(graph.get(post_id).json()) == {"created_time", "message", "id"}


def test_the_publishing_app_is_told(graph: Graph) -> None:
    """`application` lets a client recognise its own posts."""
    post_id = graph.publish("x")
    assert graph.get(post_id, fields="application").json()["application"]["id"] == DEFAULT_APP


def test_an_unknown_field_is_refused_in_facebooks_words(graph: Graph, error_of: ErrorOf) -> None:
    """A field posts do not have is code 100."""
    response = graph.get(graph.publish("x"), fields="id,likes_total")
    assert error_of(response) == (400, 100, None)
    assert response.json()["error"]["message"] == "(#100) Tried accessing nonexisting field (likes_total)"


def test_an_edit_changes_the_text(graph: Graph) -> None:
    """POST to the post answers success and the new text is read back."""
    post_id = graph.publish("stary")
    assert graph.post(post_id, message="nowy").json() == {"success": True}
    assert graph.get(post_id).json()["message"] == "nowy"


def test_only_the_app_that_made_a_post_may_edit_it(
    graph: Graph, control: SandboxControl, server: SandboxServer, error_of: ErrorOf
) -> None:
    """Another app's token of the same Page may not edit our post (D-POSTS)."""
    post_id = graph.publish("nasz")
    control.add_app("100000000000002", "other-secret", require_proof=False)
    other = control.add_page_token(DEFAULT_PAGE, "EAAGother", app_id="100000000000002")
    headers = {"Authorization": f"OAuth {other}"}
    response = graph.session.post(f"{server.url}/{post_id}", data={"message": "obcy"}, headers=headers)
    assert error_of(response) == (403, 10, None)
    assert graph.get(post_id).json()["message"] == "nasz"


def test_a_scheduled_post_can_be_published_now(graph: Graph) -> None:
    """is_published=true sends it out at once; a second time is refused."""
    post_id = graph.publish("x", published="false", scheduled_publish_time=int(time.time()) + 3600)
    assert graph.post(post_id, is_published="true").json() == {"success": True}
    assert (graph.listed(), graph.listed("scheduled_posts")) == (["x"], [])
    assert graph.post(post_id, is_published="true").status_code == 400


def test_a_scheduled_post_can_be_moved_within_29_days_of_its_creation(graph: Graph, error_of: ErrorOf) -> None:
    """Rescheduling keeps to the window and to a bound from the creation."""
    start = int(time.time())
    post_id = graph.publish("x", published="false", scheduled_publish_time=start + 3600)
    assert graph.post(post_id, scheduled_publish_time=start + 7200).json() == {"success": True}
    assert graph.get(post_id, fields="scheduled_publish_time").json()["scheduled_publish_time"] == start + 7200
    assert error_of(graph.post(post_id, scheduled_publish_time=start + 29 * 86_400 + 60)) == (400, 100, None)
    assert error_of(graph.post(post_id, scheduled_publish_time=start + 60)) == (400, 100, None)


def test_a_published_post_takes_no_schedule(graph: Graph, error_of: ErrorOf) -> None:
    """What is out cannot be scheduled, nor taken back to unpublished."""
    post_id = graph.publish("x")
    assert error_of(graph.post(post_id, scheduled_publish_time=int(time.time()) + 3600)) == (400, 100, None)
    assert error_of(graph.post(post_id, is_published="false")) == (400, 100, None)


def test_an_update_without_content_is_refused(graph: Graph, error_of: ErrorOf) -> None:
    """An update must change something, and only what can be changed."""
    post_id = graph.publish("x")
    assert error_of(graph.post(post_id)) == (400, 100, None)
    assert error_of(graph.post(post_id, link="https://example.org")) == (400, 100, None)


def test_deleting_twice_says_the_object_is_missing(graph: Graph, error_of: ErrorOf) -> None:
    """The second delete, and every read after the first, is code 100 subcode 33."""
    post_id = graph.publish("x")
    assert graph.call("DELETE", post_id).json() == {"success": True}
    assert error_of(graph.call("DELETE", post_id)) == (400, 100, 33)
    assert error_of(graph.get(post_id)) == (400, 100, 33)
    assert graph.listed() == []


def test_a_person_can_delete_a_post_behind_the_clients_back(
    graph: Graph, control: SandboxControl, error_of: ErrorOf
) -> None:
    """A deletion on facebook.com is scripted, and then the post is gone for everyone."""
    post_id = graph.publish("x")
    control.delete_post(post_id)
    assert error_of(graph.get(post_id)) == (400, 100, 33)


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_post_that_never_was_is_missing(graph: Graph, error_of: ErrorOf, method: str) -> None:
    """Any method on an unknown id is code 100 subcode 33, naming the method."""
    response = graph.call(method, f"{DEFAULT_PAGE}_1")
    assert error_of(response) == (400, 100, 33)
    assert response.json()["error"]["message"].startswith(f"Unsupported {method.lower()} request.")


def test_the_permalink_shows_the_post_to_people(graph: Graph) -> None:
    """The permalink opens without a token, shows the text as text, and disappears with the post."""
    post_id = graph.publish("<script>alert('zło')</script>")
    link = graph.get(post_id, fields="permalink_url").json()["permalink_url"]
    shown = graph.session.get(link)
    assert shown.status_code == 200
    assert "&lt;script&gt;" in shown.text
    assert "<script>" not in shown.text
    graph.call("DELETE", post_id)
    assert graph.session.get(link).status_code == 404


def test_a_page_as_people_see_it_shows_published_posts_newest_first(graph: Graph, server: SandboxServer) -> None:
    """Drafts are not shown; the index leads to the Page."""
    for text in ("pierwszy", "drugi"):
        graph.publish(text)
    graph.publish("tajny", published="false")
    html = graph.session.get(f"{server.url}/pages/{DEFAULT_PAGE}").text
    assert html.index("drugi") < html.index("pierwszy")
    assert "tajny" not in html
    assert f"/pages/{DEFAULT_PAGE}" in graph.session.get(f"{server.url}/pages").text
    assert graph.session.get(f"{server.url}/pages/404").status_code == 404


def test_make_proof_agrees_with_the_published_test_vector() -> None:
    """The proof is the HMAC of the token under the app secret (vector of mobolic/facebook-sdk)."""
    expected = "4dad02ff1693df832f9c183fe400fc4f601360be06514acb4a73edb783eec345"
    assert tokens.make_proof("abc123", "xyz789") == expected
