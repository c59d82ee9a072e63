"""The world of the sandbox: everything it remembers, and its clock.

One process, one thread, one event loop: handlers never wait while they change the world, so each of them is atomic.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field

from graph_sandbox.arrivals import ArrivalLog
from graph_sandbox.entities import PUBLISHING_SCOPES, App, Page, Post, Token, TokenKind, User
from graph_sandbox.fault_rules import FaultRules

DEFAULT_APP = "100000000000001"
DEFAULT_APP_SECRET = "sandbox-app-secret"
DEFAULT_PAGE = "200000000000001"
DEFAULT_PAGE_NAME = "Larpowe Kroniki"
DEFAULT_PAGE_TOKEN = f"EAAGsandboxpagetoken{DEFAULT_PAGE}"
DEFAULT_USER = "300000000000001"
DEFAULT_USER_TOKEN = f"EAAGsandboxusertoken{DEFAULT_USER}"

# Graph ids never come back, not even after a restart: a database that remembers them would take a new post for an old.
_POST_NUMBERS = itertools.count(int(time.time() * 1_000_000))


@dataclass(slots=True)
class Settings:
    """What can be scripted for the whole sandbox; the defaults are the strict readings of the reference."""

    latency_seconds: float = 0.0
    refuse_duplicates: bool = True
    schedule_min_seconds: int = 600
    schedule_max_seconds: int = 30 * 86_400
    dialog_decision: str = "approve"
    """"ask" shows a page to a person; "approve" and "deny" answer at once."""
    unscrapable_hosts: set[str] = field(default_factory=set)
    app_usage: dict[str, int] | None = None


@dataclass(slots=True)
class AuthorizationCode:
    """A code of the login dialog: single-use, bound to the app and the exact redirect address."""

    app_id: str
    user_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    is_used: bool = False


class World:
    """Apps, people, Pages, tokens and posts, with the faults and settings scripted for them."""

    def __init__(self) -> None:
        self.arrivals = ArrivalLog()
        self.faults = FaultRules()
        self.reset()

    def reset(self) -> None:
        """Forget everything and build the default world."""
        self.apps: dict[str, App] = {}
        self.users: dict[str, User] = {}
        self.pages: dict[str, Page] = {}
        self.tokens: dict[str, Token] = {}
        self.codes: dict[str, AuthorizationCode] = {}
        self.settings = Settings()
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

    def now(self) -> float:
        """Return the sandbox's time in Unix seconds: the real clock plus the scripted offset."""
        return time.time() + self.clock_offset_seconds

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

    def add_post(
        self,
        page: Page,
        *,
        app_id: str,
        message: str | None,
        link: str | None,
        is_published: bool,
        publish_at: int | None,
    ) -> Post:
        """Create a post on a Page and return it."""
        now, number = self.now(), next(_POST_NUMBERS)
        post = Post(
            id=f"{page.id}_{number}",
            page_id=page.id,
            app_id=app_id,
            message=message,
            link=link,
            is_published=is_published,
            scheduled_publish_time=publish_at,
            created_at=now,
            updated_at=now,
            first_created_at=now,
            listed_from=now,
            sequence=number,
        )
        page.posts[post.id] = post
        if is_published:
            page.last_published = (message, link)
        elif publish_at is not None:
            page.waiting.add(post.id)
        return post

    def find_post(self, post_id: str) -> Post | None:
        """Return the post with this full id as it stands now, or None."""
        page = self.pages.get(post_id.partition("_")[0])
        if page is None:
            return None
        self.fire_due_posts(page)
        return page.posts.get(post_id)

    def fire_due_posts(self, page: Page) -> None:
        """Publish the scheduled posts whose time has come, each at its own due time."""
        now = self.now()
        for post in [page.posts[post_id] for post_id in page.waiting]:
            due_at = post.scheduled_publish_time
            if due_at is not None and due_at <= now:
                post.publish(at=float(due_at))
                page.waiting.discard(post.id)
                page.last_published = (post.message, post.link)

    def delete_post(self, post: Post) -> None:
        """Remove a post; what was last published stays remembered, so the same text right after it is a duplicate."""
        page = self.pages[post.page_id]
        page.posts.pop(post.id, None)
        page.waiting.discard(post.id)
