"""Every scripted fault: whether the post exists afterwards, and what the client sees."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from graph_sandbox.control import SandboxControl
from graph_sandbox.edge_faults import ALL_FAULTS
from graph_sandbox.fault_replies import (
    CloseReply,
    CutReply,
    EmptyPageReply,
    ErrorReply,
    HangReply,
    RawReply,
    ResetReply,
    SlowReply,
    TruncatedReply,
)
from graph_sandbox.faults import FAULTS
from graph_sandbox.state import DEFAULT_PAGE

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph


NO_ANSWER = (CloseReply, CutReply, HangReply, ResetReply)


def attempt(graph: Graph, **params: Any) -> requests.Response | requests.RequestException:
    """Publish once; return the response, or the exception the HTTP client raised."""
    try:
        return graph.post(message="Kronika", timeout=0.2, **params)
    except requests.RequestException as error:
        return error


@pytest.mark.parametrize("mode", FAULTS.values(), ids=lambda mode: mode.name)
def test_a_fault_commits_exactly_when_the_table_says_so(graph: Graph, control: SandboxControl, mode: Any) -> None:
    """The post exists after a committing fault and does not after any other, and the arrival tells which it was."""
    control.add_fault(mode.name, edge="feed", method="POST", delay_seconds=0.05 if "slow" in mode.name else None)
    attempt(graph)
    posts = control.posts(DEFAULT_PAGE)
    assert [post.message for post in posts] == (["Kronika"] if mode.commits else [])
    arrival = control.arrivals(edge="feed")[-1]
    assert arrival.fault == mode.name
    assert arrival.committed == (posts[0].id if mode.commits else None)


@pytest.mark.parametrize("mode", FAULTS.values(), ids=lambda mode: mode.name)
def test_a_fault_looks_to_the_client_as_the_table_says(graph: Graph, control: SandboxControl, mode: Any) -> None:
    """Status, code and subcode, or the kind of broken answer, are those of the mode's reply."""
    control.add_fault(mode.name, delay_seconds=0.01 if mode.name == "slow" else None)
    seen, reply = attempt(graph), mode.reply
    if isinstance(reply, NO_ANSWER):
        assert isinstance(seen, requests.RequestException)
        return
    assert isinstance(seen, requests.Response)
    match reply:
        case ErrorReply():
            error = seen.json()["error"]
            assert (seen.status_code, error["code"]) == (reply.status, reply.code)
            assert error.get("error_subcode") == reply.subcode
            assert error["fbtrace_id"] == seen.headers["x-fb-trace-id"]
            assert error.get("is_transient") == reply.is_transient
        case RawReply():
            assert (seen.status_code, seen.content) == (reply.status, reply.body)
        case TruncatedReply():
            assert seen.status_code == 200
            with pytest.raises(requests.JSONDecodeError):
                seen.json()
        case EmptyPageReply():
            assert seen.json()["data"] == []
        case SlowReply():
            assert seen.json()["id"].startswith(DEFAULT_PAGE)


@pytest.mark.parametrize(
    ("mode", "exception", "words"),
    [
        ("reset", requests.ConnectionError, "Connection reset by peer"),
        ("committed_then_reset", requests.ConnectionError, "Connection reset by peer"),
        ("committed_then_close", requests.ConnectionError, "RemoteDisconnected"),
        ("committed_then_hang", requests.ReadTimeout, "Read timed out"),
        ("hang", requests.ReadTimeout, "Read timed out"),
        ("committed_then_cut_body", requests.exceptions.ChunkedEncodingError, "IncompleteRead"),
    ],
)
def test_a_broken_connection_breaks_in_its_own_way(
    graph: Graph, control: SandboxControl, mode: Any, exception: type[Exception], words: str
) -> None:
    """A reset, a polite close, silence and half a body are four different things to an HTTP client."""
    control.add_fault(mode)
    seen = attempt(graph)
    assert isinstance(seen, exception)
    assert words in repr(seen)


def test_a_hang_with_a_delay_ends_in_a_reset(graph: Graph, control: SandboxControl) -> None:
    """A client more patient than delay_seconds is cut off instead of answered."""
    control.add_fault("hang", delay_seconds=0.05)
    started = time.monotonic()
    assert isinstance(attempt(graph), requests.ConnectionError)
    assert 0.05 <= time.monotonic() - started < 0.2


def test_a_slow_answer_is_true_and_late(graph: Graph, control: SandboxControl) -> None:
    """`slow` waits and then answers correctly."""
    control.add_fault("slow", delay_seconds=0.1)
    started = time.monotonic()
    assert attempt(graph).status_code == 200
    assert time.monotonic() - started >= 0.1


def test_a_post_the_client_gave_up_on_is_there_all_the_same(graph: Graph, control: SandboxControl) -> None:
    """With a slow answer and an impatient client the post exists although the client saw a timeout."""
    control.add_fault("slow", delay_seconds=5)
    assert isinstance(attempt(graph), requests.ReadTimeout)
    assert graph.listed() == ["Kronika"]


def test_a_blind_retry_makes_a_second_post_once_duplicates_are_allowed(graph: Graph, control: SandboxControl) -> None:
    """The hazard this sandbox is for: error, retry, two posts (arsduo/koala#699)."""
    control.set_refuse_duplicates(False)
    control.add_fault("committed_then_500")
    assert attempt(graph).status_code == 500
    assert attempt(graph).status_code == 200
    assert graph.listed() == ["Kronika", "Kronika"]


def test_a_committing_fault_does_not_hide_a_real_refusal(
    graph: Graph, control: SandboxControl, error_of: ErrorOf
) -> None:
    """What Facebook would refuse anyway is refused, not committed."""
    control.add_fault("committed_then_500")
    assert error_of(graph.post(message="")) == (400, 100, None)
    assert control.posts(DEFAULT_PAGE) == []


def test_a_fault_strikes_once_unless_told_otherwise(graph: Graph, control: SandboxControl) -> None:
    """`times` counts down, 0 lasts until it is removed, `skip` lets requests pass first."""
    control.add_fault("throttle_32", times=2, skip=1)
    assert [graph.post(message=f"a{n}").status_code for n in range(4)] == [200, 400, 400, 200]
    forever = control.add_fault("throttle_32", times=0)
    assert [graph.post(message=f"b{n}").status_code for n in range(3)] == [400, 400, 400]
    assert [rule["id"] for rule in control.faults()] == [forever]
    control.remove_fault(forever)
    assert graph.post(message="c").status_code == 200


def test_a_fault_strikes_only_what_it_is_meant_for(graph: Graph, control: SandboxControl) -> None:
    """Page, edge, method and text narrow a fault down."""
    other = control.add_page("200000000000002", "Inna")
    control.add_fault("throttle_32", page_id="200000000000002", edge="feed", method="POST", match_message="pech")
    assert graph.publish("pech")
    assert graph.post("200000000000002/feed", token=other, message="szczęście").status_code == 200
    assert graph.get("200000000000002/published_posts", token=other).status_code == 200
    assert graph.post("200000000000002/feed", token=other, message="to pech").status_code == 400


def test_chance_strikes_some_and_spares_some(graph: Graph, control: SandboxControl) -> None:
    """A fault with a chance of one half strikes about half of the requests."""
    control.add_fault("invalid_100", times=0, chance=0.5)
    struck = sum(graph.get(DEFAULT_PAGE).status_code == 400 for _ in range(60))
    assert 10 < struck < 50


def test_reads_can_fail_too(graph: Graph, control: SandboxControl) -> None:
    """A fault on a GET strikes reads by edge and leaves writes alone."""
    control.add_fault("html_502", method="GET", edge="published_posts")
    control.add_fault("reset", method="GET", edge="post")
    post_id = graph.publish("x")
    assert graph.get(f"{DEFAULT_PAGE}/published_posts").status_code == 502
    with pytest.raises(requests.ConnectionError):
        graph.get(post_id)
    assert graph.listed() == ["x"]


def test_a_throttle_tells_when_access_returns_in_minutes(graph: Graph, control: SandboxControl) -> None:
    """The estimate of code 80001 is in X-Business-Use-Case-Usage, under the Page's id."""
    control.add_fault("throttle_80001", regain_minutes=17)
    usage = graph.post(message="x").headers["x-business-use-case-usage"]
    entry = requests.models.complexjson.loads(usage)[DEFAULT_PAGE][0]
    assert entry["estimated_time_to_regain_access"] == 17
    assert (entry["type"], entry["call_count"]) == ("pages", 100)


def test_an_error_can_be_retuned(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """Code, subcode, status and words of an error mode can be replaced."""
    control.add_fault("blocked_368", subcode=1404006, status=403, code=369, error_message="Nie.")
    response = graph.post(message="x")
    assert error_of(response) == (403, 369, 1404006)
    assert response.json()["error"]["message"] == "Nie."


def test_an_unknown_mode_is_refused_by_the_control_api(control: SandboxControl) -> None:
    """A misspelt mode must not become a fault that never strikes."""
    with pytest.raises(requests.HTTPError, match="unknown fault mode"):
        control.add_fault("comitted_then_500")


def test_the_control_api_lists_the_table(control: SandboxControl) -> None:
    """Anyone can ask which modes there are."""
    assert control.fault_modes() == {mode.name: mode.commits for mode in ALL_FAULTS.values()}


def test_a_reset_forgets_faults_posts_and_arrivals(graph: Graph, control: SandboxControl) -> None:
    """After a reset the world is the default one again."""
    control.add_fault("throttle_4", times=0)
    attempt(graph)
    control.reset()
    assert (control.faults(), control.arrivals(), control.posts(DEFAULT_PAGE)) == ([], [], [])
