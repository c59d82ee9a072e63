"""A Page's comment on its own post: made once, and found again when its answer is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from socialpub import errors
from socialpub.graph.comments import PageComment, add_comment, find_comment, list_comments
from tests.graph.conftest import TOKEN, Reply, answer, open_client, reset, silence, take_apart

SENT_AT = datetime(2026, 11, 24, 18, 0, 0, 400_000, tzinfo=UTC)
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


def test_comments_are_read_to_their_end(serve):
    """By the rules of every list."""
    first = answer({"data": [NODE], "paging": {"next": "https://x", "cursors": {"after": "A"}}})
    server = serve(first, answer({"data": [{"id": "2_8"}]}))
    assert list_comments(open_client(server.url), "1_2", TOKEN) == [MINE, PageComment("2_8", None, None, None)]
    assert take_apart(server.requests[1]).query["after"] == "A"


@pytest.mark.parametrize("body", [{}, {"data": [{"message": "no id"}]}, {"data": [None]}])
def test_a_list_of_comments_that_is_none_proves_nothing(serve, body: dict):
    """Never "absent"."""
    with pytest.raises(errors.TryAgainError):
        list_comments(open_client(serve(answer(body)).url), "1_2", TOKEN)


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
