"""The log channel `facebook`: a line a request that leads to post, attempt and run, with no content and no secret."""

from __future__ import annotations

import contextlib
import json
import logging
import time
from dataclasses import replace

import pytest

from socialpub import errors
from socialpub.graph.client import GraphClient
from socialpub.graph.interpret import Call
from socialpub.graph.latency import LATENCIES, OUTCOMES, name_edge, name_outcome
from socialpub.graph.request_log import Success, about, log_request, trim_body
from socialpub.graph.settings import GraphSettings
from socialpub.graph.usage import Usage
from socialpub.models.secret import Secret
from tests.graph.conftest import answer

TOKEN = Secret("EAAGsecretsecretsecret")
SETTINGS = GraphSettings("1", Secret("app-secret-app-secret"))
FORM = {"message": "Secret location", "published": False}


def lines(caplog) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "facebook"]


@pytest.fixture
def client(serve, caplog):
    caplog.set_level(logging.INFO, logger="facebook")
    body = {"id": "1_2", "permalink_url": "https://www.facebook.com/1/posts/2", "access_token": "EAAGanother123456"}
    url = serve(answer(body, headers={"x-fb-trace-id": "Atrace"})).url
    return GraphClient(replace(SETTINGS, graph_url=url))


def test_a_line_leads_from_facebook_to_the_post_and_back(client, caplog):
    """With the trace id that Meta's support asks for, and what was sent and came back."""
    with about(post="POST-ID", attempt="ATTEMPT-ID", run="publish_due_posts/r1"):
        client.post("1/feed", token=TOKEN, data=FORM)
    [line] = lines(caplog)
    assert line.startswith("POST 1/feed: HTTP 200, code none, fbtrace_id Atrace, usage None %, ")
    assert "sent message(15) published=False" in line
    assert "got id=1_2 permalink_url=https://www.facebook.com/1/posts/2 access_token(17)" in line
    assert line.endswith("post POST-ID, attempt ATTEMPT-ID, run publish_due_posts/r1")


def test_a_request_of_nobody_names_nobody(client, caplog):
    """What was said of an earlier one is over."""
    with about(post="POST-ID"):
        client.get("1", token=TOKEN)
    client.get("1", token=TOKEN)
    assert ["POST-ID" in line for line in lines(caplog)] == [True, False]


def test_a_line_may_be_a_json_object(client, caplog):
    """With the same facts by name, for a program."""
    client.settings = replace(client.settings, is_log_json=True)
    with about(post="POST-ID"):
        client.post("1/feed", token=TOKEN, data=FORM)
    facts = json.loads(lines(caplog)[0])
    assert (facts["edge"], facts["status"], facts["fbtrace_id"], facts["post"]) == ("1/feed", 200, "Atrace", "POST-ID")
    assert facts["error"] is None


@pytest.mark.parametrize("status", [200, 500])
def test_whoever_waits_for_a_processor_goes_before_the_line(serve, caplog, status):
    """A burst's posts leave before the answers of the first are read; the wait is no time of the request's."""
    caplog.set_level(logging.INFO, logger="facebook")
    client = GraphClient(replace(SETTINGS, graph_url=serve(answer({"id": "1_2"}, status=status)).url))
    told: list[list[str]] = []

    def let_others_go() -> None:
        told.append(lines(caplog))
        time.sleep(0.3)

    with contextlib.suppress(errors.GraphError):
        client.send(client.prepare_post("1/feed", token=TOKEN, data=FORM), let_others_go)
    [line] = lines(caplog)
    assert told == [[]]
    assert int(line.split(" ms")[0].split()[-1]) < 300


def test_no_secret_and_no_content_is_in_any_form_of_a_line(client, caplog):
    """Neither ours nor one that Facebook sends."""
    for is_json in (False, True):
        client.settings = replace(client.settings, is_log_json=is_json)
        client.post("1/feed", token=TOKEN, data=FORM)
    shown = "\n".join(lines(caplog))
    for secret in ("EAAG", "app-secret", "Secret location", "appsecret_proof"):
        assert secret not in shown


def test_a_secret_in_a_harmless_field_is_masked():
    """Facebook may repeat anything anywhere."""
    call = Call("POST", "1/feed", (TOKEN.reveal(),))
    body = trim_body({"id": TOKEN.reveal(), "message": "x"})
    seen: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: seen.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("facebook")
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        log_request(call, Success(200, None, {"id": TOKEN.reveal()}), Usage(), seconds=0.1, sent=body, is_json=False)
    finally:
        log.removeHandler(handler)
    assert "secret" not in seen[0]
    assert "***" in seen[0]


def test_a_line_costs_a_burst_little():
    """A tenth of a millisecond each; a post costs several whole ones."""
    log, call = logging.getLogger("facebook"), Call("POST", "1/feed", (TOKEN.reveal(), "b" * 64, "c" * 32))
    log.addHandler(quiet := logging.NullHandler())
    log.setLevel(logging.INFO)
    log.propagate = False
    body = {"id": "1_2", "permalink_url": "https://www.facebook.com/1/posts/2"}
    try:
        started = time.thread_time()
        for _ in range(1000):
            log_request(
                call, Success(200, "Atrace", body), Usage(), seconds=0.3, sent={"message": "(300)"}, is_json=False
            )
        spent = time.thread_time() - started
    finally:
        log.removeHandler(quiet)
        log.propagate = True
    assert spent < 0.15, spent


@pytest.mark.parametrize(
    ("path", "edge"),
    [
        ("200000000000001/feed", "feed"), ("1_2/comments", "comments"), ("1", "node"), ("1_2", "node"),
        ("me/accounts", "accounts"), ("me", "node"), ("oauth/access_token", "oauth/access_token"),
        ("debug_token", "debug_token"), ("upload:MTphdHRhY2g/=?sig=x", "upload_session"), ("1/unheard_of", "other"),
        ("EAAGtoken", "other"), ("../1/feed", "other"), ("", "other"), ("1/feed/more", "other"),
    ],
)  # fmt: skip
def test_an_edge_is_one_of_few(path, edge):
    """A label is never an id."""
    assert name_edge(path) == edge


def test_each_error_has_an_outcome_that_prometheus_knows():
    """Those of the whole tree, whatever is added to it."""

    def kinds(kind: type) -> list[type]:
        return [kind, *(each for sub in kind.__subclasses__() for each in kinds(sub))]

    names = {name_outcome(kind.__new__(kind)) for kind in kinds(errors.GraphError)} | {name_outcome(None)}
    assert names == set(OUTCOMES)


def test_each_request_is_measured_once(client):
    """Whatever it comes to."""
    LATENCIES.take()
    for _ in range(3):
        client.get("1", token=TOKEN)
    [measured] = LATENCIES.take()
    assert (measured.edge, measured.outcome, sum(measured.buckets.values())) == ("node", "success", 3)
    assert LATENCIES.take() == []
