"""The dialog as a page, what a person takes back, and whose webhook hears of a Page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import requests

from graph_sandbox.control import SandboxControl
from graph_sandbox.server import SandboxServer
from graph_sandbox.state import DEFAULT_APP, DEFAULT_APP_SECRET, DEFAULT_PAGE, DEFAULT_USER, DEFAULT_USER_TOKEN

if TYPE_CHECKING:
    from conftest import ErrorOf, Graph

APP_TOKEN = f"{DEFAULT_APP}|{DEFAULT_APP_SECRET}"
REDIRECT = "http://localhost:9999/callback?x=1"
DIALOG = {"client_id": DEFAULT_APP, "redirect_uri": REDIRECT, "state": "s<1>"}


def decide(server: SandboxServer, *, decision: str, grants: list[str], **order: str) -> requests.Response:
    """Answer the page as a browser would; returns the way back."""
    form: list[tuple[str, Any]] = [("decision", decision), ("user", DEFAULT_USER), *((DIALOG | order).items())]
    address = f"{server.url}/v26.0/dialog/oauth"
    return requests.post(address, data=[*form, *(("grant", scope) for scope in grants)], allow_redirects=False)


def granted_by(graph: Graph, server: SandboxServer, answer: requests.Response) -> set[str]:
    """What the code of an answer stands for."""
    code = re.search(r"code=([^&]+)", answer.headers["location"])[1]
    query = {"client_id": DEFAULT_APP, "client_secret": DEFAULT_APP_SECRET, "code": code, "redirect_uri": REDIRECT}
    token = graph.session.get(f"{server.url}/oauth/access_token", params=query).json()["access_token"]
    rows = graph.get("me/permissions", token=token).json()["data"]
    return {row["permission"] for row in rows if row["status"] == "granted"}


def test_the_dialog_asks_a_person(server: SandboxServer, control: SandboxControl) -> None:
    """A page with whom to log in as and what to grant; what came in the address is escaped."""
    control.set_dialog_decision("ask")
    page = requests.get(f"{server.url}/v26.0/dialog/oauth", params=DIALOG | {"scope": "pages_show_list,x<y"})
    assert page.status_code == 200
    assert "Anna Wiśniewska" in page.text and 'value="pages_show_list" checked' in page.text
    assert "s<1>" not in page.text and "x<y" not in page.text and "s&lt;1&gt;" in page.text


def test_what_is_switched_off_is_not_granted_and_not_asked_again_by_itself(
    graph: Graph, server: SandboxServer, control: SandboxControl
) -> None:
    """As at Facebook, a declined permission comes back only with `auth_type=rerequest`."""
    scope = "pages_show_list,pages_manage_posts"
    first = decide(server, decision="approve", grants=["pages_show_list"], scope=scope)
    assert first.headers["location"].startswith(f"{REDIRECT}&code=")
    assert granted_by(graph, server, first) == {"pages_show_list"}
    again = decide(server, decision="approve", grants=scope.split(","), scope=scope)
    assert granted_by(graph, server, again) == {"pages_show_list"}
    asked = decide(server, decision="approve", grants=scope.split(","), scope=scope, auth_type="rerequest")
    assert granted_by(graph, server, asked) == set(scope.split(","))


def test_canceling_sends_the_browser_back_without_a_code(server: SandboxServer) -> None:
    """With reason and state."""
    location = decide(server, decision="cancel", grants=[]).headers["location"]
    assert "error=access_denied" in location and "state=s%3C1%3E" in location and "code=AQ" not in location


def test_an_unregistered_address_is_blocked_on_the_page_too(server: SandboxServer, control: SandboxControl) -> None:
    """The form can't be used to go elsewhere."""
    control.add_app(DEFAULT_APP, DEFAULT_APP_SECRET, redirect_uris=[REDIRECT])
    assert decide(server, decision="approve", grants=[], redirect_uri="http://evil.example/").status_code == 400


def test_revoking_ends_all_tokens_of_the_person(graph: Graph, error_of: ErrorOf) -> None:
    """Asked by the app; their Page tokens end too (190/458)."""
    assert graph.call("DELETE", f"{DEFAULT_USER}/permissions", token=APP_TOKEN).json() == {"success": True}
    assert error_of(graph.get("me")) == error_of(graph.get("me", token=DEFAULT_USER_TOKEN)) == (400, 190, 458)


def test_nobody_revokes_for_somebody_else(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """A person only for themselves; a Page never."""
    stranger = control.add_user("300000000000002", "Bartek")
    assert error_of(graph.call("DELETE", f"{DEFAULT_USER}/permissions", token=stranger)) == (400, 100, 33)
    assert error_of(graph.call("DELETE", f"{DEFAULT_USER}/permissions")) == (400, 100, 33)
    assert graph.get("me").status_code == 200


def test_a_role_is_lost_and_given_back(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """Tokens for the Page answer 190/492 and it is not listed; the person's own token stays good."""
    control.take_role(DEFAULT_USER, DEFAULT_PAGE)
    assert error_of(graph.post(message="x")) == (400, 190, 492)
    assert graph.get("me/accounts", token=DEFAULT_USER_TOKEN).json()["data"] == []
    control.give_role(DEFAULT_USER, DEFAULT_PAGE)
    graph.publish("x")
    assert [page["id"] for page in graph.get("me/accounts", token=DEFAULT_USER_TOKEN).json()["data"]] == [DEFAULT_PAGE]


def test_subscribing_needs_its_permission(graph: Graph, control: SandboxControl, error_of: ErrorOf) -> None:
    """With it the app is listed with its fields, and can leave again."""
    edge = f"{DEFAULT_PAGE}/subscribed_apps"
    assert error_of(graph.post(edge, subscribed_fields="feed")) == (403, 200, None)
    control.narrow_token(f"EAAGsandboxpagetoken{DEFAULT_PAGE}", scopes=["pages_manage_metadata"])
    assert error_of(graph.post(edge, subscribed_fields="nonsense")) == (400, 100, None)
    assert graph.post(edge, subscribed_fields="feed").json() == {"success": True}
    assert graph.get(edge).json()["data"][0]["subscribed_fields"] == ["feed"]
    assert control.subscribed_apps(DEFAULT_PAGE) == {DEFAULT_APP: ["feed"]}
    assert graph.call("DELETE", edge).json() == {"success": True}
    assert graph.get(edge).json() == {"data": []}
    assert error_of(graph.post(edge, token=DEFAULT_USER_TOKEN, subscribed_fields="feed")) == (403, 210, None)
