"""A Page's comment on its own post: made once, and found again when its answer is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from graph_sandbox.entities import PUBLISHING_SCOPES
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_PAGE
from socialpub import errors
from socialpub.graph.client import GraphClient
from socialpub.graph.comments import PageComment, add_comment, find_comment, list_comments
from socialpub.graph.nodes import delete_node
from socialpub.graph.posts import FeedPost
from tests.graph.conftest import PAGE_TOKEN, TOKEN, UNCLEAR, Reply, answer, open_client, reset, silence, take_apart
from tests.graph.publishing import publish_feed_post

SENT_AT = datetime(2026, 11, 24, 18, 0, 0, 400_000, tzinfo=UTC)
SINCE = SENT_AT - timedelta(seconds=30)
NODE = {"id": "2_7", "message": "Bilety: zażółć", "created_time": "2026-11-24T18:00:00+0000", "from": {"id": "1"}}
MINE = PageComment("2_7", "Bilety: zażółć", SENT_AT.replace(microsecond=0), "1")


def test_a_comment_is_made_on_the_post(serve):
    """As the Page, with the text as it was written."""
    server = serve(answer({"id": "2_7"}))
    assert add_comment(open_client(server.url), "1_2", TOKEN, "Bilety: zażółć 🧙") == "2_7"
    seen = take_apart(server.requests[0])
    assert (seen.method, seen.path, seen.form["message"]) == ("POST", "/v26.0/1_2/comments", "Bilety: zażółć 🧙")


@pytest.mark.parametrize(
    "reply", [reset, silence, answer({}), answer({"success": True}), answer(b"<html>502</html>", status=502)]
)
def test_a_comment_without_an_answer_may_have_been_made(serve, reply: Reply):
    """And is not sent again by itself."""
    server = serve(reply)
    with pytest.raises(errors.OutcomeUnknownError):
        add_comment(open_client(server.url), "1_2", TOKEN, "Bilety")
    assert len(server.writes) == 1


def test_a_missing_permission_says_so(serve):
    """Commenting needs another one than posting."""
    words = "(#200) Requires pages_manage_engagement permission"
    error = {"message": words, "type": "OAuthException", "code": 200}
    with pytest.raises(errors.PermissionRefusedError, match="pages_manage_engagement"):
        add_comment(open_client(serve(answer({"error": error}, status=403)).url), "1_2", TOKEN, "Bilety")


def test_comments_are_read_until_they_are_all_older(serve):
    """Newest first: a much discussed post is not read to its beginning."""
    paging = {"next": "https://x", "cursors": {"after": "A"}}
    older = NODE | {"id": "2_6", "created_time": "2026-11-24T17:00:00+0000"}
    server = serve(answer({"data": [NODE, {"id": "2_8"}, older], "paging": paging}),
                   answer({"data": [older], "paging": paging}), answer({"data": [NODE]}))  # fmt: skip
    comments = list_comments(open_client(server.url), "1_2", TOKEN, since=SINCE)
    assert comments == [MINE, PageComment("2_8", None, None, None)]
    queries = [take_apart(request).query for request in server.requests]
    assert [(query["order"], query.get("after")) for query in queries] == [
        ("reverse_chronological", None),
        ("reverse_chronological", "A"),
    ]


@pytest.mark.parametrize("body", [{}, {"data": [{"message": "no id"}]}, {"data": [None]}])
def test_a_list_of_comments_that_is_none_proves_nothing(serve, body: dict):
    """Never "absent"."""
    with pytest.raises(errors.TryAgainError):
        list_comments(open_client(serve(answer(body)).url), "1_2", TOKEN, since=SINCE)


@pytest.mark.parametrize(
    ("comment", "is_found"),
    [
        (MINE, True),
        (PageComment("2_7", "  Bilety:\r\nzażółć", MINE.created_time, "1"), True),
        (PageComment("2_7", "Bilety: zażółć", None, None), True),
        (PageComment("2_7", "Bilety", MINE.created_time, "1"), False),
        (PageComment("2_7", "Bilety: zażółć", MINE.created_time, "999"), False),
        (PageComment("2_7", "Bilety: zażółć", SENT_AT - timedelta(seconds=31), "1"), False),
    ],
)
def test_a_lost_comment_is_found_by_its_words_and_its_author(comment: PageComment, is_found: bool):
    """A visitor may write the same; what Facebook leaves out contradicts nothing."""
    found = find_comment([comment], message="Bilety: zażółć", page_id="1", not_before=SENT_AT)
    assert found == (comment if is_found else None)


@pytest.fixture
def post_id(sandbox: SandboxServer, client: GraphClient) -> str:
    """A live post of a Page whose token may also comment."""
    scopes = [*PUBLISHING_SCOPES, "pages_manage_engagement"]
    sandbox.control.narrow_token(PAGE_TOKEN.reveal(), scopes=scopes)
    return publish_feed_post(client, DEFAULT_PAGE, PAGE_TOKEN, FeedPost("Gates open")).id


@pytest.mark.parametrize("fault", [*(f"committed_then_{end}" for end in UNCLEAR), "reset", "error_500_code2"])
def test_a_comment_whose_answer_is_lost_is_read_back_before_a_retry(
    sandbox: SandboxServer, client: GraphClient, post_id: str, fault: str
) -> None:
    """So it is made once, whatever was lost: the request or its answer."""
    started = datetime.now(UTC)
    add_comment(client, post_id, PAGE_TOKEN, "Something else")
    sandbox.control.add_fault(fault, edge="comments", method="POST")
    with pytest.raises(errors.OutcomeUnknownError):
        add_comment(client, post_id, PAGE_TOKEN, "Bilety 🧙")
    comments = list_comments(client, post_id, PAGE_TOKEN, since=started - timedelta(seconds=30))
    if find_comment(comments, message="Bilety 🧙", page_id=DEFAULT_PAGE, not_before=started) is None:
        add_comment(client, post_id, PAGE_TOKEN, "Bilety 🧙")
    made = [comment.message for comment in sandbox.control.comments(post_id)]
    assert made == ["Something else", "Bilety 🧙"]


def test_a_token_for_posting_alone_may_not_comment(sandbox: SandboxServer, client: GraphClient, post_id: str) -> None:
    """And Facebook's words name what is missing."""
    sandbox.control.narrow_token(PAGE_TOKEN.reveal(), scopes=PUBLISHING_SCOPES)
    with pytest.raises(errors.PermissionRefusedError, match="pages_manage_engagement"):
        add_comment(client, post_id, PAGE_TOKEN, "Bilety")


def test_a_comment_is_deleted_like_any_node(sandbox: SandboxServer, client: GraphClient, post_id: str) -> None:
    """Once, and gone after that."""
    comment_id = add_comment(client, post_id, PAGE_TOKEN, "Bilety")
    for _ in range(2):
        delete_node(client, comment_id, PAGE_TOKEN)
    assert sandbox.control.comments(post_id) == []
