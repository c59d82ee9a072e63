"""The dialog's address, the exchanges and the lists, against answers of any shape."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from socialpub.errors import AppRefusedError, GraphError, OutcomeUnknownError, TokenRefusedError, TryAgainError
from socialpub.graph.login import build_dialog_url, exchange_code, list_permissions, prolong_user_token, read_user
from socialpub.graph.page_access import list_offered_pages, read_page_token
from socialpub.graph.redaction import clean_text
from socialpub.graph.settings import GraphSettings
from socialpub.graph.token_problems import WAY_OUT, name_token_problem
from socialpub.graph.tokens import inspect_token
from socialpub.models import TokenProblem
from socialpub.models.secret import Secret

from .conftest import APP_SECRET, TOKEN, answer, open_client

CODE = Secret("AQcodeOfTheTests")


def test_the_dialogs_address_holds_what_facebook_needs_and_no_secret():
    """Version, app, redirect, state, permissions; `rerequest` only when asked for."""
    settings = GraphSettings("1", APP_SECRET)
    how = {"redirect_uri": "https://x/cb?a=1", "state": Secret("s&t"), "scopes": ["a", "b"]}
    url = build_dialog_url(settings, is_rerequest=False, **how)
    assert url.startswith("https://www.facebook.com/v26.0/dialog/oauth?")
    assert parse_qs(urlsplit(url).query) == {
        "client_id": ["1"], "redirect_uri": ["https://x/cb?a=1"], "state": ["s&t"], "response_type": ["code"],
        "scope": ["a,b"],
    }  # fmt: skip
    assert "auth_type=rerequest" in build_dialog_url(settings, is_rerequest=True, **how)
    assert APP_SECRET.reveal() not in url


def test_an_exchange_sends_its_secrets_in_the_form(serve):
    """No query, no token of its own, no proof."""
    server = serve(answer({"access_token": "EAAGshort", "token_type": "bearer", "expires_in": 5}))
    assert exchange_code(open_client(server.url), CODE, redirect_uri="https://x/cb").reveal() == "EAAGshort"
    [request] = server.requests
    head, _, form = request.partition(b"\r\n\r\n")
    assert head.splitlines()[0] == b"POST /v26.0/oauth/access_token HTTP/1.1"
    assert b"Authorization" not in head
    assert b"code=AQcodeOfTheTests" in form and b"appsecret_proof" not in form


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"error": {"code": 1, "message": "Error validating client secret."}}, 400, AppRefusedError),
        ({"error": {"code": 101, "message": "Error validating application."}}, 400, AppRefusedError),
        ({"error": {"code": 100, "error_subcode": 36009, "message": "used"}}, 400, TokenRefusedError),
        ({"error": {"code": 190, "message": "The token EAAGTokenInTheMessage is bad"}}, 400, TokenRefusedError),
        ({"error": {"code": 1, "message": "An unknown error"}}, 500, OutcomeUnknownError),
        ({"token_type": "bearer"}, 200, OutcomeUnknownError),
        ({"access_token": 7.5}, 200, OutcomeUnknownError),
        ({"access_token": {"x": 1}}, 200, OutcomeUnknownError),
        (b"<html>", 502, OutcomeUnknownError),
    ],
)
def test_whatever_comes_instead_of_a_token_is_an_error_without_a_secret(serve, body, status, error):
    """Code, secret and tokens are in no message."""
    server = serve(answer(body, status=status))
    for ask in (
        lambda client: exchange_code(client, CODE, redirect_uri="https://x/cb"),
        lambda client: prolong_user_token(client, Secret("EAAGTokenInTheForm")),
    ):
        with pytest.raises(error) as raised:
            ask(open_client(server.url))
        for secret in ("AQcodeOfTheTests", APP_SECRET.reveal(), "EAAGTokenInTheForm", "EAAGTokenInTheMessage"):
            assert secret not in str(raised.value) + repr(raised.value)


def test_a_list_is_read_to_its_end_by_its_cursors(serve):
    """`next` holds the token, so its address is not used; `after` alone means nothing."""
    first = {"data": [{"id": "1", "name": "A", "access_token": "EAAGa", "tasks": ["CREATE_CONTENT"]}],
             "paging": {"cursors": {"after": "c1"}, "next": "https://evil.example/?access_token=x"}}  # fmt: skip
    last = {"data": [{"id": 2, "tasks": ["PROFILE_PLUS_FULL_CONTROL"]}, {"name": "no id"}],
            "paging": {"cursors": {"after": "c2"}}}  # fmt: skip
    server = serve(answer(first), answer(last))
    pages = list_offered_pages(open_client(server.url), TOKEN)
    assert [(page.id, page.name, page.may_create_content, bool(page.token)) for page in pages] == [
        ("1", "A", True, True),
        ("2", "2", True, False),
    ]
    assert b"after=c1" in server.requests[1]


@pytest.mark.parametrize(
    "body",
    [
        {"data": {}},
        {"data": ["x"]},
        {},
        {"data": [], "paging": {"next": "x"}},
        {"data": [], "paging": {"next": "x", "cursors": {"after": []}}},
    ],
)
def test_half_a_list_is_an_error(serve, body):
    """A Page that is missing from it would look like one that was not granted."""
    with pytest.raises(TryAgainError):
        list_offered_pages(open_client(serve(answer(body)).url), TOKEN)


def test_a_list_without_an_end_is_an_error(serve):
    """A server that always has more does not keep us for ever."""
    endless = {"data": [], "paging": {"next": "x", "cursors": {"after": "same"}}}
    server = serve(answer(endless))
    with pytest.raises(TryAgainError, match="did not end"):
        list_permissions(open_client(server.url), TOKEN)
    assert len(server.requests) == 20


def test_permissions_are_told_apart_and_oddities_are_left_out(serve):
    """Granted is what says so; declined and expired are not."""
    rows = [{"permission": "a", "status": "granted"}, {"permission": "b", "status": "expired"}, {"status": "granted"}]
    found = list_permissions(open_client(serve(answer({"data": rows})).url), TOKEN)
    assert (found.granted, found.declined) == ({"a"}, {"b"})


def test_who_and_which_token(serve):
    """A person without a name is called by the id; a Page without a token gives none."""
    assert read_user(open_client(serve(answer({"id": 5})).url), TOKEN).name == "5"
    with pytest.raises(GraphError):
        read_user(open_client(serve(answer({})).url), TOKEN)
    assert read_page_token(open_client(serve(answer({"id": "1"})).url), "1", TOKEN) is None


@pytest.mark.parametrize(
    ("granular", "has"),
    [
        ([{"scope": "pages_manage_posts"}], True),
        ([{"scope": "pages_manage_posts", "target_ids": ["1", 2]}], True),
        ([{"scope": "pages_manage_posts", "target_ids": ["2"]}], False),
        ([{"scope": "other", "target_ids": ["2"]}, "nonsense", {}], True),
        ("nonsense", True),
        (None, True),
    ],
)
def test_a_permission_for_other_pages_only_is_none(serve, granular, has):
    """Without targets it is for all Pages."""
    body = {"data": {"is_valid": True, "scopes": ["pages_manage_posts"], "granular_scopes": granular}}
    info = inspect_token(open_client(serve(answer(body)).url), TOKEN)
    assert info.has_scope("pages_manage_posts", "1") is has
    assert not info.has_scope("pages_show_list", "1")


def test_every_problem_has_a_way_out_and_every_number_a_problem():
    """Also numbers nobody has seen yet."""
    assert set(WAY_OUT) == set(TokenProblem)
    for code in (None, 3, 10, 102, 190, 200, 299, 2500, 99999):
        for subcode in (None, 0, 458, 463, 492, 77):
            assert name_token_problem(code, subcode) in WAY_OUT


def test_a_title_does_not_turn_the_sentence_around_it():
    """An override that nobody ends, an isolate that nobody began; letters keep their own direction."""
    assert clean_text("\u2069\u202ezyrps \u2067שלום") == "zyrps שלום"


def test_codes_and_states_do_not_survive_in_a_log_line():
    """Whoever prints an address."""
    line = "GET /cb?code=AQx1&state=s1&error_code=200&fb_exchange_token=EAAGabcdefgh"
    cleaned = clean_text(line)
    assert "AQx1" not in cleaned and "s1" not in cleaned and "EAAG" not in cleaned
    assert "error_code=200" in cleaned
