"""Tokens, proof and permissions; and how a refusal looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from graph_sandbox.control import SandboxControl
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import (
    DEFAULT_APP,
    DEFAULT_APP_SECRET,
    DEFAULT_PAGE,
    DEFAULT_PAGE_TOKEN,
    DEFAULT_USER,
    DEFAULT_USER_TOKEN,
)
from graph_sandbox.tokens import make_proof

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph


APP_TOKEN = f"{DEFAULT_APP}|{DEFAULT_APP_SECRET}"
REDIRECT = "http://localhost:9999/callback"


def test_a_refusal_has_facebooks_envelope_and_headers(graph: Graph, server: SandboxServer) -> None:
    """Message, type, code, a fresh trace id; version, trace and challenge in the headers."""
    answers = [graph.session.get(f"{server.url}/v25.0/me") for _ in range(2)]
    error = answers[0].json()["error"]
    assert set(error) == {"message", "type", "code", "fbtrace_id"}
    assert error["fbtrace_id"] != answers[1].json()["error"]["fbtrace_id"]
    headers = answers[0].headers
    assert headers["content-type"] == "application/json; charset=UTF-8"
    assert headers["facebook-api-version"] == "v25.0"
    assert headers["x-fb-trace-id"] == error["fbtrace_id"]
    assert headers["www-authenticate"] == f'OAuth "Facebook Platform" "invalid_request" "{error["message"]}"'


def test_no_token_is_code_2500(graph: Graph, server: SandboxServer, error_of: ErrorOf) -> None:
    """A call without a token is refused, whatever it asks."""
    assert error_of(graph.session.post(f"{server.url}/{DEFAULT_PAGE}/feed", data={"message": "x"})) == (400, 2500, None)


def test_garbage_is_code_190_without_a_subcode_and_is_not_repeated(graph: Graph, error_of: ErrorOf) -> None:
    """A token nobody gave out is refused and never echoed."""
    response = graph.get("me", token="EAAGgarbage")
    assert error_of(response) == (400, 190, None)
    assert "EAAGgarbage" not in response.text + str(response.headers)
    assert '"invalid_token"' in response.headers["www-authenticate"]


@pytest.mark.parametrize("subcode", [458, 459, 460, 463, 464, 467, 492, 493, None])
def test_a_revoked_token_answers_190_with_its_subcode(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, subcode: int | None
) -> None:
    """Reads and writes are refused until the token is restored."""
    control.revoke_token(DEFAULT_PAGE_TOKEN, subcode=subcode)
    assert error_of(graph.post(message="x")) == error_of(graph.get("me")) == (400, 190, subcode)
    control.restore_token(DEFAULT_PAGE_TOKEN)
    graph.publish("x")


def test_an_expired_token_is_463(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """Expiry goes by the sandbox's clock."""
    control.expire_token(DEFAULT_PAGE_TOKEN, at=control.now() + 100)
    graph.publish("x")
    control.advance_clock(101)
    assert error_of(graph.post(message="y")) == (400, 190, 463)


def test_a_missing_proof_is_refused_when_the_app_demands_it(
    graph: Graph, server: SandboxServer, control: SandboxControl
) -> None:
    """The default app demands a proof; an app that does not works without one."""
    headers = {"Authorization": f"Bearer {DEFAULT_PAGE_TOKEN}"}
    error = graph.session.get(f"{server.url}/me", headers=headers).json()["error"]
    assert (error["code"], error["type"]) == (100, "GraphMethodException")
    assert error["message"] == "API calls from the server require an appsecret_proof argument"
    control.add_app(DEFAULT_APP, DEFAULT_APP_SECRET, require_proof=False)
    assert graph.session.get(f"{server.url}/me", headers=headers).json()["id"] == DEFAULT_PAGE


def test_a_wrong_proof_is_refused_even_where_none_is_demanded(
    graph: Graph, server: SandboxServer, control: SandboxControl
) -> None:
    """A proof that is given must be the proof of the token that is sent."""
    control.add_app(DEFAULT_APP, DEFAULT_APP_SECRET, require_proof=False)
    proof = make_proof(DEFAULT_USER_TOKEN, DEFAULT_APP_SECRET)
    params = {"access_token": DEFAULT_PAGE_TOKEN, "appsecret_proof": proof}
    error = graph.session.get(f"{server.url}/me", params=params).json()["error"]
    assert (error["code"], error["message"]) == (100, "Invalid appsecret_proof provided in the API argument")


def test_only_the_pages_own_token_publishes(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """A user token, another Page's token and an app token get code 200, and nothing is published."""
    other = control.add_page("200000000000002", "Inna")
    for token in (DEFAULT_USER_TOKEN, other, APP_TOKEN):
        response = graph.post(token=token, message="x")
        assert error_of(response) == (403, 200, None)
        assert "pages_manage_posts as an admin with sufficient administrative permission" in response.text
    assert control.posts(DEFAULT_PAGE) == []


@pytest.mark.parametrize("missing", ["pages_show_list", "pages_manage_posts", "pages_read_engagement"])
def test_publishing_needs_all_three_permissions(
    graph: Graph, control: SandboxControl, error_of: ErrorOf, missing: str
) -> None:
    """Each of the three permissions is necessary."""
    kept = {"pages_show_list", "pages_manage_posts", "pages_read_engagement"} - {missing}
    control.narrow_token(DEFAULT_PAGE_TOKEN, scopes=kept)
    assert error_of(graph.post(message="x")) == (403, 200, None)


def test_publishing_needs_the_create_content_task(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """A person without CREATE_CONTENT on the Page cannot publish."""
    control.narrow_token(DEFAULT_PAGE_TOKEN, tasks=["ANALYZE"])
    assert error_of(graph.post(message="x")) == (403, 200, None)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("v20.0/me", (400, 2635, None)),
        ("v28.0/me", (400, 2500, None)),
        ("v26.0/200000000000001/nonsense", (400, 2500, None)),
        ("v26.0/200000000000001/feed/more", (400, 2500, None)),
        ("v26.0", (400, 2500, None)),
        ("v26.0/larpowe", (404, 803, None)),
        ("v26.0/299999999999999", (400, 100, 33)),
        ("v26.0/299999999999999/published_posts", (400, 100, 33)),
    ],
)
def test_a_wrong_path_is_refused(
    graph: Graph, server: SandboxServer, error_of: ErrorOf, path: str, expected: Any
) -> None:
    """Expired or unheard-of versions, unknown edges and unknown objects each have their code."""
    signed = {
        "access_token": DEFAULT_PAGE_TOKEN,
        "appsecret_proof": make_proof(DEFAULT_PAGE_TOKEN, DEFAULT_APP_SECRET),
    }
    assert error_of(graph.session.get(f"{server.url}/{path}", params=signed)) == expected


def test_accounts_hand_out_page_tokens_that_publish(graph: Graph, control: SandboxControl) -> None:
    """A user token lists its Pages in pages of their own, and their tokens work."""
    control.add_page("200000000000002", "Inna")
    user = control.add_user("300000000000002", "Bartek", accounts=[DEFAULT_PAGE, "200000000000002"])
    first = graph.get("me/accounts", token=user, limit=1).json()
    assert set(first["data"][0]) == {"access_token", "category", "category_list", "name", "id", "tasks"}
    after = first["paging"]["cursors"]["after"]
    second = graph.get("me/accounts", token=user, limit=1, after=after, fields="id,access_token").json()
    assert "next" in first["paging"] and "next" not in second["paging"]
    assert [row["id"] for row in first["data"] + second["data"]] == [DEFAULT_PAGE, "200000000000002"]
    assert graph.post(token=first["data"][0]["access_token"], message="x").status_code == 200
    assert graph.get("300000000000002/accounts", token=user).json()["data"]


def test_a_page_token_dies_with_the_user_token_it_came_from(
    graph: Graph, control: SandboxControl, error_of: ErrorOf
) -> None:
    """A password change takes the derived Page tokens too."""
    token = graph.get(DEFAULT_PAGE, token=DEFAULT_USER_TOKEN, fields="access_token").json()["access_token"]
    control.revoke_token(DEFAULT_USER_TOKEN, subcode=460)
    assert error_of(graph.post(token=token, message="x")) == (400, 190, 460)


def test_a_page_gives_its_token_only_to_those_who_may_have_it(graph: Graph, control: SandboxControl) -> None:
    """Without the right the key is simply absent."""
    stranger = control.add_user("300000000000002", "Bartek")
    assert "access_token" in graph.get(DEFAULT_PAGE, token=DEFAULT_USER_TOKEN, fields="access_token,name").json()
    assert graph.get(DEFAULT_PAGE, token=stranger, fields="access_token,name").json() == {
        "name": "Larpowe Kroniki",
        "id": DEFAULT_PAGE,
    }
    assert graph.get("me/accounts", token=stranger).json() == {"data": []}


def test_permissions_tell_what_was_declined(graph: Graph, control: SandboxControl) -> None:
    """A declined permission is listed and not in the token."""
    user = control.add_user("300000000000002", "Bartek", declined_scopes=["pages_manage_posts"])
    rows = graph.get("me/permissions", token=user).json()["data"]
    assert {row["permission"]: row["status"] for row in rows} == {
        "pages_show_list": "granted",
        "pages_read_engagement": "granted",
        "pages_manage_posts": "declined",
    }


def test_debug_token_describes_a_page_token(graph: Graph) -> None:
    """A Page token that never expires says expires_at 0, and names its Page."""
    data = graph.get("debug_token", token=APP_TOKEN, input_token=DEFAULT_PAGE_TOKEN).json()["data"]
    assert (data["type"], data["expires_at"], data["is_valid"]) == ("PAGE", 0, True)
    assert (data["profile_id"], data["app_id"]) == (DEFAULT_PAGE, DEFAULT_APP)
    assert {"scope": "pages_manage_posts", "target_ids": [DEFAULT_PAGE]} in data["granular_scopes"]


def test_debug_token_of_a_dead_token_answers_200(graph: Graph, control: SandboxControl) -> None:
    """The reason is inside `data`."""
    control.revoke_token(DEFAULT_PAGE_TOKEN, subcode=460)
    response = graph.get("debug_token", token=APP_TOKEN, input_token=DEFAULT_PAGE_TOKEN)
    assert response.status_code == 200
    data = response.json()["data"]
    assert data["is_valid"] is False
    assert (data["error"]["code"], data["error"]["subcode"]) == (190, 460)


def test_debug_token_is_for_the_app(graph: Graph, error_of: ErrorOf) -> None:
    """A Page token may not ask."""
    assert error_of(graph.get("debug_token", input_token=DEFAULT_PAGE_TOKEN)) == (400, 100, None)


def login(graph: Graph, server: SandboxServer, **params: Any) -> requests.Response:
    """Go through the dialog; return where the browser was sent."""
    query = {"client_id": DEFAULT_APP, "redirect_uri": REDIRECT, "state": "s1", **params}
    return graph.session.get(f"{server.url}/v26.0/dialog/oauth", params=query, allow_redirects=False)


def redeem(graph: Graph, server: SandboxServer, **params: Any) -> requests.Response:
    """Ask for a token with the app's credentials, unversioned, without a token."""
    query = {"client_id": DEFAULT_APP, "client_secret": DEFAULT_APP_SECRET, **params}
    return graph.session.get(f"{server.url}/oauth/access_token", params=query)


def code_of(response: requests.Response) -> str:
    """Return the code in a dialog's redirect."""
    return response.headers["location"].split("code=")[1].split("&")[0]


def test_login_leads_to_a_long_lived_page_token(graph: Graph, server: SandboxServer, control: SandboxControl) -> None:
    """Dialog, code, short-lived token, long-lived token, Page token without an expiry date."""
    sent = login(graph, server)
    assert sent.status_code == 302
    assert "state=s1" in sent.headers["location"] and sent.headers["location"].endswith("#_=_")
    short = redeem(graph, server, code=code_of(sent), redirect_uri=REDIRECT).json()
    assert short["token_type"] == "bearer" and short["expires_in"] < 86_400
    trade = {"grant_type": "fb_exchange_token", "fb_exchange_token": short["access_token"]}
    long_lived = redeem(graph, server, **trade).json()["access_token"]
    short_page = graph.get(DEFAULT_PAGE, token=short["access_token"], fields="access_token").json()["access_token"]
    long_page = graph.get(DEFAULT_PAGE, token=long_lived, fields="access_token").json()["access_token"]
    control.advance_clock(90 * 86_400)
    assert graph.post(token=short_page, message="x").json()["error"]["error_subcode"] == 463
    assert graph.post(token=long_page, message="x").status_code == 200


def test_a_code_works_once(graph: Graph, server: SandboxServer, error_of: ErrorOf) -> None:
    """The second use is code 100 subcode 36009 with an invalid_code challenge."""
    code = code_of(login(graph, server))
    assert redeem(graph, server, code=code, redirect_uri=REDIRECT).status_code == 200
    again = redeem(graph, server, code=code, redirect_uri=REDIRECT)
    assert error_of(again) == (400, 100, 36009)
    assert '"invalid_code"' in again.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"redirect_uri": REDIRECT + "/"}, (400, 100, 36008)),
        ({"client_secret": "wrong"}, (400, 1, None)),
        ({"client_id": "9"}, (400, 101, None)),
        ({"code": "wrong"}, (400, 100, 36007)),
        ({"grant_type": "fb_exchange_token"}, (400, 1, None)),
        ({"grant_type": "password"}, (400, 100, None)),
    ],
)
def test_a_wrong_exchange_is_refused(
    graph: Graph, server: SandboxServer, error_of: ErrorOf, params: dict[str, Any], expected: Any
) -> None:
    """Redirect, secret, app, code and grant must all be right."""
    good = {"code": code_of(login(graph, server)), "redirect_uri": REDIRECT}
    assert error_of(redeem(graph, server, **(good | params))) == expected


def test_client_credentials_give_the_app_token(graph: Graph, server: SandboxServer) -> None:
    """The app token is the id and the secret."""
    assert redeem(graph, server, grant_type="client_credentials").json()["access_token"] == APP_TOKEN


def test_a_denied_dialog_sends_the_browser_back_with_an_error(
    graph: Graph, server: SandboxServer, control: SandboxControl
) -> None:
    """A cancelled login carries error, reason and state, and no code."""
    control.set_dialog_decision("deny")
    location = login(graph, server).headers["location"]
    assert "error=access_denied" in location and "error_reason=user_denied" in location and "state=s1" in location
    assert "code=A" not in location


def test_the_dialog_keeps_to_registered_redirects(graph: Graph, server: SandboxServer, control: SandboxControl) -> None:
    """With registered addresses any other is blocked."""
    control.add_app(DEFAULT_APP, DEFAULT_APP_SECRET, redirect_uris=[REDIRECT])
    assert login(graph, server).status_code == 302
    assert login(graph, server, redirect_uri="http://evil.example/").status_code == 400


def test_me_is_the_owner_of_the_token(graph: Graph) -> None:
    """A user token is a person, a Page token a Page."""
    assert graph.get("me", token=DEFAULT_USER_TOKEN).json()["id"] == DEFAULT_USER
    assert graph.get("me").json() == {"id": DEFAULT_PAGE, "name": "Larpowe Kroniki"}


def test_many_pages_are_added_at_once(graph: Graph, control: SandboxControl) -> None:
    """Each token is that of its own Page, as if it had been added by itself."""
    tokens = control.add_pages({f"20000000000010{n}": f"Larp {n}" for n in range(9)})
    assert {graph.get("me", token=token).json()["id"]: token for token in tokens.values()} == tokens
    with pytest.raises(requests.HTTPError, match="422"):
        control.add_pages({"no number": "Larp"})
