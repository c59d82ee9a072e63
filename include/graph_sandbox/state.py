"""The world of the sandbox: everything it remembers, and its clock.

One process, one thread, one event loop: handlers never wait while they change the world, so each of them is atomic.
"""

from __future__ import annotations

from dataclasses import dataclass

from graph_sandbox.arrivals import ArrivalLog
from graph_sandbox.entities import PUBLISHING_SCOPES, App, Page, Post, Token, TokenKind, User
from graph_sandbox.fault_rules import FaultRules
from graph_sandbox.library import Library
from graph_sandbox.publications import Publications
from graph_sandbox.settings import Settings
from graph_sandbox.webhooks import WebhookSender

DEFAULT_APP = "100000000000001"
DEFAULT_APP_SECRET = "sandbox-app-secret"
DEFAULT_PAGE = "200000000000001"
DEFAULT_PAGE_NAME = "Larpowe Kroniki"
DEFAULT_PAGE_TOKEN = f"EAAGsandboxpagetoken{DEFAULT_PAGE}"
DEFAULT_USER = "300000000000001"
DEFAULT_USER_TOKEN = f"EAAGsandboxusertoken{DEFAULT_USER}"


@dataclass(slots=True)
class AuthorizationCode:
    """A code of the login dialog: single-use, bound to the app and the exact redirect address."""

    app_id: str
    user_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    is_used: bool = False


class World(Publications):
    """Apps, people, Pages, tokens and what the Pages show, with the faults and settings scripted for them."""

    def __init__(self) -> None:
        self.arrivals = ArrivalLog()
        self.faults = FaultRules()
        self.library = Library()
        self.webhooks = WebhookSender()
        self.reset()

    def reset(self) -> None:
        """Forget everything and build the default world."""
        self.apps: dict[str, App] = {}
        self.users: dict[str, User] = {}
        self.pages: dict[str, Page] = {}
        self.tokens: dict[str, Token] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.settings = Settings()
        self.library.close()
        self.library = Library()
        self.clock_offset_seconds = 0.0
        self.arrivals.clear()
        self.faults.clear()
        self._add_default_world()

    def _add_default_world(self) -> None:
        self.apps[DEFAULT_APP] = App(id=DEFAULT_APP, secret=DEFAULT_APP_SECRET)
        page = Page(id=DEFAULT_PAGE, name=DEFAULT_PAGE_NAME, app_id=DEFAULT_APP)
        user = User(id=DEFAULT_USER, name="Anna Wiśniewska", accounts=[DEFAULT_PAGE])
        self.add_page(page, scopes=PUBLISHING_SCOPES, token=DEFAULT_PAGE_TOKEN)
        self.add_user(user, app_id=DEFAULT_APP, scopes=PUBLISHING_SCOPES, token=DEFAULT_USER_TOKEN)

    def tell_webhooks(self, post: Post, verb: str, *, at: float) -> None:
        """Report a change to the apps that are subscribed to the feed of the Page."""
        page = self.pages[post.page_id]
        for app_id, fields in page.subscribed_apps.items():
            if "feed" in fields and app_id in self.apps:
                self.webhooks.tell(self.apps[app_id], page, post, verb, at=at)

    def add_page(self, page: Page, *, scopes: tuple[str, ...], token: str | None = None) -> Token:
        """Add (or replace) a Page and return its Page access token, which has no expiry date."""
        self.pages[page.id] = page
        return self.add_token(
            Token(
                value=token or f"EAAGsandboxpagetoken{page.id}",
                kind=TokenKind.PAGE,
                app_id=page.app_id,
                user_id=DEFAULT_USER,
                page_id=page.id,
                scopes=scopes,
                tasks=page.tasks,
            )
        )

    def add_user(self, user: User, *, app_id: str, scopes: tuple[str, ...], token: str | None = None) -> Token:
        """Add (or replace) a person and return a long-lived user access token."""
        self.users[user.id] = user
        return self.add_token(
            Token(
                value=token or f"EAAGsandboxusertoken{user.id}",
                kind=TokenKind.USER,
                app_id=app_id,
                user_id=user.id,
                scopes=tuple(scope for scope in scopes if scope not in user.declined_scopes),
            )
        )

    def add_token(self, token: Token) -> Token:
        """Make an access token known, issued now."""
        token.issued_at = self.now()
        self.tokens[token.value] = token
        return token
