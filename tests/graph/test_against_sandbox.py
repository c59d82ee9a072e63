"""Promises of the Graph client, over real HTTP against the sandbox."""

from __future__ import annotations

import logging
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET, DEFAULT_PAGE, DEFAULT_PAGE_TOKEN
from socialpub import errors
from socialpub.graph.client import GraphClient
from socialpub.graph.error_codes import ROWS, SUBCODE_ROWS, look_up
from socialpub.graph.posts import FeedPost, inspect_token, list_published_posts, read_post
from socialpub.graph.proof import sign_token
from socialpub.graph.read_back import Found, find_published
from socialpub.graph.settings import GraphSettings
from socialpub.models.secret import Secret
from tests.graph.conftest import PAGE_TOKEN as TOKEN
from tests.graph.publishing import publish_feed_post

POST = FeedPost("Zażółć gęślą", "https://example.org/a")


def test_a_published_post_is_found_again(client: GraphClient) -> None:
    start = datetime.now(UTC)
    made = publish_feed_post(client, DEFAULT_PAGE, TOKEN, POST)
    posts = list_published_posts(client, DEFAULT_PAGE, TOKEN, since=start - timedelta(seconds=30))
    found = find_published(posts, post=POST, application_id=DEFAULT_APP, not_before=start, known_ids=())
    assert isinstance(found, Found) and found.post.id == made.id and made.permalink_url


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        *((f"committed_then_{end}", errors.OutcomeUnknownError)
          for end in ("500", "reset", "close", "hang", "html_502", "200_garbage", "empty_200", "cut_body", "transient",
                      "truncated_json", "200_error_body")),
        ("throttle_4", errors.RateLimitedError), ("throttle_80001", errors.RateLimitedError),
        ("token_460", errors.TokenRefusedError), ("permission_200", errors.PermissionRefusedError),
        ("blocked_368", errors.PolicyBlockedError), ("blocked_368_1390008", errors.RateLimitedError),
        ("duplicate_368", errors.DuplicatePostError), ("duplicate_506", errors.DuplicatePostError),
        ("invalid_100", errors.InvalidPostError), ("proof_100", errors.AppRefusedError),
        ("link_1609005", errors.TryAgainError), ("unknown_99999", errors.OutcomeUnknownError),
    ],
)  # fmt: skip
def test_each_fault_of_a_write_says_what_to_do(
    sandbox: SandboxServer, client: GraphClient, caplog: pytest.LogCaptureFixture, mode: str, kind: type[Exception]
) -> None:
    caplog.set_level(logging.DEBUG)
    sandbox.control.add_fault(mode, method="POST")
    with pytest.raises(kind) as caught:
        publish_feed_post(client, DEFAULT_PAGE, TOKEN, POST)
    assert type(caught.value) is kind and caught.value.__context__ is None
    proof = sign_token(TOKEN, Secret(DEFAULT_APP_SECRET)).reveal()
    shown = caplog.text + str(caught.value) + repr(caught.value)
    assert DEFAULT_PAGE_TOKEN not in shown and proof not in shown
    assert len(sandbox.control.arrivals(method="POST", edge="feed")) == 1


def test_32_threads_on_one_client_get_their_own_answers(sandbox: SandboxServer) -> None:
    # Patient: client and server share this process, and whose answer comes is the question here, not when.
    client = GraphClient(GraphSettings(DEFAULT_APP, Secret(DEFAULT_APP_SECRET), graph_url=sandbox.url, read_timeout=20))

    def publish_and_read(number: int) -> str | None:
        made = publish_feed_post(client, DEFAULT_PAGE, TOKEN, FeedPost(f"Post {number}"))
        return read_post(client, made.id, TOKEN).message

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(publish_and_read, range(160))) == [f"Post {number}" for number in range(160)]


def test_a_refused_connection_is_not_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = GraphClient(GraphSettings("1", Secret("s"), graph_url=f"http://127.0.0.1:{taken.getsockname()[1]}"))
        with pytest.raises(errors.NotSentError):
            client.post("1/feed", token=TOKEN, data={"message": "x"})


def test_a_token_is_inspected_and_its_url_not_logged(client: GraphClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    assert inspect_token(client, TOKEN).is_valid
    # The sandbox runs in this process; its server's access log is not ours.
    ours = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith("uvicorn"))
    assert "debug_token" in ours and DEFAULT_PAGE_TOKEN not in ours and DEFAULT_APP_SECRET not in ours


def test_every_row_has_both_answers_and_a_source() -> None:
    for row in (*ROWS, *SUBCODE_ROWS):
        assert row.source and row.next_step and not (row.is_retryable and row.may_be_committed)
    assert look_up(424242).may_be_committed


def test_the_proof_matches_the_published_vector() -> None:
    proof = sign_token(Secret("abc123"), Secret("xyz789"))
    assert proof.reveal() == "4dad02ff1693df832f9c183fe400fc4f601360be06514acb4a73edb783eec345"
