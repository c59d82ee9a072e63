"""What the sandbox takes on `POST /{page}/feed`, and what it refuses."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from graph_sandbox.control import SandboxControl
from graph_sandbox.state import DEFAULT_PAGE

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph


DAY = 86_400


def test_a_text_post_is_public_and_readable_at_once(graph: Graph, control: SandboxControl) -> None:
    """A published text is a post of the Page under the id Facebook's form of id has."""
    post_id = graph.publish("Nowa kronika")
    assert post_id.startswith(f"{DEFAULT_PAGE}_")
    assert graph.get(post_id).json()["message"] == "Nowa kronika"
    assert [post.message for post in control.posts(DEFAULT_PAGE)] == ["Nowa kronika"]


def test_fields_on_a_post_return_the_post_itself(graph: Graph) -> None:
    """Read-after-write answers with the fields asked for, in Graph's own notation of time."""
    answer = graph.post(message="x", fields="id,message,created_time,permalink_url,from{name}").json()
    assert set(answer) == {"id", "message", "created_time", "permalink_url", "from"}
    assert time.strptime(answer["created_time"], "%Y-%m-%dT%H:%M:%S+0000")
    assert answer["from"] == {"id": DEFAULT_PAGE, "name": "Larpowe Kroniki"}


def test_a_link_post_shows_its_link_wrapped_in_facebooks_redirect(graph: Graph) -> None:
    """The attachment's url is Facebook's redirect; only unshimmed_url is the address itself."""
    post_id = graph.publish("Czytajcie", link="https://example.org/wpis?a=1&b=2")
    row = graph.get(post_id, fields="attachments{media_type,target,url,unshimmed_url},status_type").json()
    attachment = row["attachments"]["data"][0]
    assert attachment["media_type"] == "link"
    assert attachment["unshimmed_url"] == "https://example.org/wpis?a=1&b=2"
    assert attachment["url"] == attachment["target"]["url"]
    assert attachment["url"].startswith("https://l.facebook.com/l.php?u=https%3A%2F%2Fexample.org")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, (400, 100, None)),
        ({"message": ""}, (400, 100, None)),
        ({"message": " \r\n "}, (400, 100, None)),
        ({"message": "", "link": "https://example.org"}, (400, 100, None)),
        ({"message": "x" * 63_207}, (400, 100, None)),
        ({"message": "😀" * 31_604}, (400, 100, None)),
        ({"message": "x", "publised": "false"}, (400, 100, None)),
        ({"message": "x", "published": "False"}, (400, 100, None)),
        ({"message": "x", "published": "no"}, (400, 100, None)),
        ({"message": "x", "fields": "id,nonsense"}, (400, 100, None)),
        ({"message": "x", "fields": "id,from{"}, (400, 2500, None)),
        ({"message": "x", "link": "example.org"}, (400, 100, 2061006)),
        ({"message": "x", "link": "ftp://example.org"}, (400, 100, 2061006)),
        ({"message": "x", "link": "https://"}, (400, 100, 2061006)),
        ({"message": "x", "link": "https://exam ple.org"}, (400, 100, 2061006)),
        ({"message": "x", "link": "https://www.facebook.com/larp"}, (400, 100, 1609008)),
        ({"message": "x", "link": "https://larp.invalid/1"}, (400, 1609005, None)),
        ({"message": "x", "link": "http://localhost:8080/"}, (400, 1609005, None)),
        ({"message": "x", "link": "http://192.168.1.4/"}, (400, 1609005, None)),
        ({"message": "x", "attached_media": '[{"media_fbid":"9"}]'}, (400, 100, None)),
        ({"message": "x", "attached_media[0]": '{"media_fbid":"9"}'}, (400, 100, None)),
        ({"message": "x", "attached_media": "9"}, (400, 100, None)),
        ({"message": "x", "unpublished_content_type": "LATER", "published": "false"}, (400, 100, None)),
        ({"message": "x", "unpublished_content_type": "DRAFT"}, (400, 100, None)),
        ({"message": "x", "unpublished_content_type": "SCHEDULED", "published": "0"}, (400, 100, None)),
    ],
)
def test_a_wrong_post_is_refused_and_leaves_nothing(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, params: dict[str, Any], expected: Any
) -> None:
    """Whatever is refused has not been published."""
    assert error_of(graph.post(**params)) == expected
    assert control.posts(DEFAULT_PAGE) == []


def test_the_longest_text_goes_through(graph: Graph) -> None:
    """63,206 characters are allowed."""
    graph.publish("x" * 63_206)


def test_line_ends_and_outer_blanks_are_normalised(graph: Graph) -> None:
    """Facebook stores a text not byte for byte, so a client must compare normalised texts."""
    post_id = graph.publish("Ala\r\nma kota \n")
    assert graph.get(post_id).json()["message"] == "Ala\nma kota"


def test_a_scripted_host_cannot_be_scraped(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """A link to a host the scraper cannot reach is code 1609005."""
    control.set_unscrapable_hosts(["down.example.org"])
    assert error_of(graph.post(message="x", link="https://down.example.org/1")) == (400, 1609005, None)
    graph.publish("x", link="https://up.example.org/1")


@pytest.mark.parametrize("word", ["false", "0"])
def test_an_unpublished_post_is_not_on_the_page(graph: Graph, control: SandboxControl, word: str) -> None:
    """published=false without a schedule makes a draft, which no list of published or scheduled posts shows."""
    post_id = graph.publish("szkic", published=word)
    assert graph.get(post_id, fields="is_published").json()["is_published"] is False
    assert graph.listed() == graph.listed("scheduled_posts") == []


def test_the_same_content_twice_in_a_row_is_code_506(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """Consecutive identical content is refused; with something in between, or when switched off, it is not."""
    graph.publish("raz")
    assert error_of(graph.post(message="raz")) == (400, 506, None)
    graph.publish("dwa")
    graph.publish("raz")
    control.set_refuse_duplicates(False)
    graph.publish("raz")
    assert len(control.posts(DEFAULT_PAGE)) == 4


def test_a_schedule_needs_an_unpublished_post(graph: Graph, error_of: ErrorOf) -> None:
    """A schedule on a published post is refused in Facebook's words."""
    response = graph.post(message="x", scheduled_publish_time=int(time.time()) + 3600)
    assert error_of(response) == (400, 100, None)
    words = "(#100) You cannot specify a scheduled publish time on a published post"
    assert response.json()["error"]["message"] == words


@pytest.mark.parametrize("ahead", [-60, 0, 590, 30 * DAY + 60, 1000 * 365 * DAY])
def test_a_schedule_outside_the_window_is_refused(graph: Graph, control: SandboxControl, ahead: int) -> None:
    """Ten minutes to thirty days; milliseconds instead of seconds land far outside."""
    response = graph.post(message="x", published="false", scheduled_publish_time=int(time.time()) + ahead)
    assert response.json()["error"]["message"] == "(#100) The specified scheduled publish time is invalid"
    assert control.posts(DEFAULT_PAGE) == []


@pytest.mark.parametrize("text", ["+2 weeks", "2026-12-01T10:00:00", "soon", "1.5"])
def test_a_time_that_must_be_guessed_is_refused(graph: Graph, error_of: ErrorOf, text: str) -> None:
    """The sandbox does not guess zones or words as PHP does."""
    assert error_of(graph.post(message="x", published="false", scheduled_publish_time=text)) == (400, 100, None)


def test_a_scheduled_post_goes_out_when_its_time_comes(graph: Graph, control: SandboxControl) -> None:
    """Until then it is only in the scheduled list; afterwards only in the published one, created at its due time."""
    due = int(time.time()) + 3600
    post_id = graph.publish("o świcie", published="false", scheduled_publish_time=due)
    row = graph.get(f"{DEFAULT_PAGE}/scheduled_posts", fields="id,scheduled_publish_time,is_published").json()["data"]
    assert row == [{"id": post_id, "scheduled_publish_time": due, "is_published": False}]
    assert graph.listed() == []
    control.advance_clock(3601)
    assert (graph.listed("scheduled_posts"), graph.listed()) == ([], ["o świcie"])
    assert control.posts(DEFAULT_PAGE)[0].created_time == time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(due))


def test_the_schedule_window_can_be_set(graph: Graph, control: SandboxControl) -> None:
    """Tests may narrow or widen the native window."""
    control.set_schedule_window(0, 100 * DAY)
    graph.publish("x", published="false", scheduled_publish_time=int(time.time()) + 90 * DAY)
