"""Facebook Login by hand: the dialog, the exchange of its code, and what the person granted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from socialpub.errors import GraphFailure
from socialpub.graph.client import GraphClient, GraphResponse
from socialpub.graph.interpret import Call, unclear_outcome
from socialpub.graph.page_post import parse_text
from socialpub.graph.paging import list_nodes, parse_row
from socialpub.graph.settings import GraphSettings, app_token
from socialpub.models.secret import Secret

PUBLISHING_SCOPES = ("pages_show_list", "pages_manage_posts", "pages_read_engagement")
"""What publishing on a Page needs (Graph API reference, Page feed)."""
SUBSCRIBING_SCOPE = "pages_manage_metadata"
"""What subscribing to a Page's webhook needs (Graph API, Webhooks for Pages)."""
_EXCHANGE = "oauth/access_token"


@dataclass(frozen=True, slots=True)
class FacebookUser:
    """The person who logged in, by the id that this app knows them by."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Permissions:
    granted: frozenset[str]
    declined: frozenset[str]
    """Declined, or lapsed: the dialog does not ask for these again by itself."""


def build_dialog_url(
    settings: GraphSettings, *, redirect_uri: str, state: Secret, scopes: Sequence[str], is_rerequest: bool
) -> str:
    """The address of the login dialog; `is_rerequest` asks again for what was declined before.

    Source: Graph API, Manually build a login flow.
    """
    query = {
        "client_id": settings.app_id,
        "redirect_uri": redirect_uri,
        "state": state.reveal(),
        "response_type": "code",
        "scope": ",".join(scopes),
    }
    again = {"auth_type": "rerequest"} if is_rerequest else {}
    return f"{settings.dialog_url.rstrip('/')}/{settings.version}/dialog/oauth?{urlencode(query | again)}"


def exchange_code(client: GraphClient, code: Secret, *, redirect_uri: str) -> Secret:
    """The short-lived user token for a code, which is used up by this. `redirect_uri` must be the dialog's, exactly.

    Sent as a form, so that neither code nor secret is in a URL. Raises a `GraphError`.
    """
    return _exchange(client, {"redirect_uri": redirect_uri, "code": code})


def prolong_user_token(client: GraphClient, token: Secret) -> Secret:
    """A user token of about 60 days for one that is good now (Graph API, Long-lived access tokens)."""
    return _exchange(client, {"grant_type": "fb_exchange_token", "fb_exchange_token": token})


def read_user(client: GraphClient, token: Secret) -> FacebookUser:
    """Who the person is. Raises a `GraphError`."""
    response = client.get("me", token=token, params={"fields": "id,name"})
    user_id = parse_text(response.body.get("id"))
    if user_id is None:
        raise unclear_outcome(Call("GET", "me"), _failure("me", "The answer names no person.", response))
    return FacebookUser(user_id, parse_text(response.body.get("name")) or user_id)


def list_permissions(client: GraphClient, token: Secret) -> Permissions:
    """What the person granted and declined. Raises a `GraphError`."""
    rows = list_nodes(client, "me/permissions", token, fields="permission,status", parse=parse_row)
    by_status: dict[bool, set[str]] = {True: set(), False: set()}
    for row in rows:
        if name := parse_text(row.get("permission")):
            by_status[row.get("status") == "granted"].add(name)
    return Permissions(frozenset(by_status[True]), frozenset(by_status[False]))


def revoke_app(client: GraphClient, user_id: str) -> None:
    """Take the app out of the person's account: all tokens they gave it end, for every Page. Raises a `GraphError`.

    Asked as the app, which Facebook allows for its own users (Graph API reference, User permissions).
    """
    client.delete(f"{user_id}/permissions", token=app_token(client.settings))


def _exchange(client: GraphClient, form: dict[str, str | Secret]) -> Secret:
    app = {"client_id": client.settings.app_id, "client_secret": client.settings.app_secret}
    response = client.exchange(_EXCHANGE, data=app | form)
    token = parse_text(response.body.get("access_token"))
    if token is None:
        raise unclear_outcome(Call("POST", _EXCHANGE), _failure(_EXCHANGE, "The answer holds no token.", response))
    return Secret(token)


def _failure(edge: str, message: str, response: GraphResponse) -> GraphFailure:
    return GraphFailure(edge, message, response.http_status, fbtrace_id=response.fbtrace_id)
