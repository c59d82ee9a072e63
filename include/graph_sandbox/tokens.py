"""Who is asking: access tokens, `appsecret_proof`, and what a token may do on a Page."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

from graph_sandbox.entities import PUBLISHING_SCOPES, App, Page, Token, TokenKind
from graph_sandbox.errors import (
    GRAPH_METHOD,
    GraphFault,
    missing_object,
    refuse_publishing,
    refuse_reading,
    refused_token,
)
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World


def make_proof(token: str, app_secret: str) -> str:
    """Return the `appsecret_proof` of a token (D-SEC)."""
    return hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def authenticate(world: World, request: GraphRequest) -> Token:
    """Return the token of a request, after checking its proof.

    Raises:
        GraphFault: code 2500 without a token, 190 for a token that is not good (any more), 100 for a bad proof.
    """
    if not request.token:
        raise GraphFault(2500, "An active access token must be used to query information about the current user.")
    token = find_token(world, request.token)
    check_token(world, token)
    check_proof(world.apps[token.app_id], token, request)
    return token


def find_token(world: World, value: str) -> Token:
    """Return a known token, or the app token written as "app id|app secret"; code 190 for anything else."""
    if token := world.tokens.get(value):
        return token
    app_id, _, secret = value.partition("|")
    app = world.apps.get(app_id)
    if app and hmac.compare_digest(app.secret.encode(), secret.encode()):
        return Token(value=value, kind=TokenKind.APP, app_id=app.id)
    raise refused_token(None)


def check_token(world: World, token: Token) -> None:
    """Refuse a token that was revoked (itself or the user token it came from), has expired, or lost its app."""
    if refusal := token.refusal():
        raise refused_token(refusal.refusal_subcode)
    if token.expires_at is not None and token.expires_at <= world.now():
        words = f"Session has expired on {_facebook_date(token.expires_at)}. The current time is "
        raise refused_token(463, message=f"Error validating access token: {words}{_facebook_date(world.now())}.")
    if token.app_id not in world.apps:
        raise refused_token(458)


def _facebook_date(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%A, %d-%b-%y %H:%M:%S UTC")


def check_proof(app: App, token: Token, request: GraphRequest) -> None:
    """Check `appsecret_proof` when it is given, and demand it when the app requires it.

    An app token carries the secret itself, so no proof is demanded of it.
    """
    proof = request.params.get("appsecret_proof")
    if proof is None:
        if app.require_proof and token.kind is not TokenKind.APP:
            words = "API calls from the server require an appsecret_proof argument"
            raise GraphFault(100, words, error_type=GRAPH_METHOD)
        return
    if not hmac.compare_digest(make_proof(token.value, app.secret).encode(), str(proof).encode()):
        words = "Invalid appsecret_proof provided in the API argument"
        raise GraphFault(100, words, error_type=GRAPH_METHOD)


def find_page(world: World, request: GraphRequest) -> Page:
    """Return the Page a request is about, with its due scheduled posts out.

    Raises:
        GraphFault: code 803 for a name nobody has, 100/33 for an id nobody has.
    """
    page = world.pages.get(request.page_id or "")
    if page is None:
        if not request.node.isdigit() and request.node != "me":
            words = f"(#803) Some of the aliases you requested do not exist: {request.node}"
            raise GraphFault(803, words, status=404)
        raise missing_object(request.method, request.node)
    world.fire_due_posts(page)
    return page


def require_same_page(request: GraphRequest, token: Token, page_id: str) -> None:
    """Demand the token of the Page the object belongs to; to all others the object is missing."""
    if token.kind is not TokenKind.PAGE or token.page_id != page_id:
        raise missing_object(request.method, request.node)


def require_publisher(page: Page, token: Token) -> None:
    """Demand this Page's own token, with the task and the permissions publishing needs (D-FEED)."""
    if token.kind is not TokenKind.PAGE or token.page_id != page.id:
        refuse_publishing()
    if "CREATE_CONTENT" not in token.tasks or not set(PUBLISHING_SCOPES) <= set(token.scopes):
        refuse_publishing()


def require_reader(page: Page, token: Token, *, scopes: tuple[str, ...] = ("pages_read_engagement",)) -> None:
    """Demand this Page's own token with these permissions."""
    if token.kind is not TokenKind.PAGE:
        words = "(#210) A page access token is required to request this resource."
        raise GraphFault(210, words, status=403)
    for scope in scopes:
        if token.page_id != page.id or scope not in token.scopes:
            refuse_reading(scope)
