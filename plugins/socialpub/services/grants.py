"""What a person hands over for a Page, looked at before it is stored."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from socialpub.errors import AppRefusedError, GraphError, PageRefusedError, RateLimitedError
from socialpub.graph.client import GraphClient
from socialpub.graph.login import SUBSCRIBING_SCOPE, prolong_user_token, read_user
from socialpub.graph.page_access import OfferedPage, list_offered_pages, read_page_name, subscribe_feed
from socialpub.graph.tokens import TokenInfo, inspect_token
from socialpub.models import TokenStatus
from socialpub.models.instants import say_instant
from socialpub.models.secret import Secret
from socialpub.services.token_verdict import Verdict, judge_token

log = logging.getLogger(__name__)

Mask = Callable[[Sequence[str]], object]

START_AGAIN = "start connecting the Page again; nothing was stored."
NO_PAGES = (
    "log in as a person with a role on the Page, and choose the Page in Facebook's dialog. A Page that belongs to a "
    "Business Portfolio is listed only with the permission business_management: see docs/connections.md."
)


@dataclass(frozen=True, slots=True)
class Grant:
    """A Page access token that Facebook has declared good for this Page, with the person behind it.

    `user_token` is the long-lived token it can be renewed from; None for a pasted Page access token.
    """

    page_id: str
    page_name: str
    token: Secret
    user_token: Secret | None
    verdict: Verdict
    granted_by: str | None
    granted_by_id: str | None
    is_feed_subscribed: bool


@dataclass(frozen=True, slots=True)
class Granter:
    """Turns tokens into grants. All methods raise `PageRefusedError` in words for the person, and store nothing."""

    client: GraphClient
    now: Callable[[], datetime]
    mask: Mask

    def prolong(self, token: Secret) -> Secret:
        """The long-lived token for a person's; Page tokens from it have no expiry date."""
        with in_plain_words():
            prolonged = prolong_user_token(self.client, token)
        self.mask([prolonged.reveal()])
        return prolonged

    def by_pasted_token(self, page_id: str, token: Secret) -> Grant:
        """With the Page's own token, or with that of a person who may post to it."""
        self.mask([token.reveal()])
        with in_plain_words():
            is_of_person = inspect_token(self.client, token).type == "USER"
        return self.by_person(page_id, self.prolong(token)) if is_of_person else self._by_page_token(page_id, token)

    def by_person(self, page_id: str, user_token: Secret) -> Grant:
        """With a long-lived user token, which also tells what the person may do on the Page."""
        with in_plain_words():
            person, offered = read_user(self.client, user_token), list_offered_pages(self.client, user_token)
        page = next((page for page in offered if page.id == page_id), None)
        if page is None:
            raise PageRefusedError(f"Facebook does not list Page {page_id} for {person.name}.", next_step=NO_PAGES)
        obstacle = find_obstacle(page)
        if obstacle or page.token is None:
            raise PageRefusedError(
                f"{page.name}: {obstacle}", next_step="ask for the task to create content, or choose another Page."
            )
        self.mask([page.token.reveal()])
        info, verdict = self._examine(page_id, page.token)
        granted_by_id = info.user_id or person.id
        is_subscribed = self._subscribe(page_id, page.token, verdict)
        return Grant(page_id, page.name, page.token, user_token, verdict, person.name, granted_by_id, is_subscribed)

    def _by_page_token(self, page_id: str, token: Secret) -> Grant:
        """What the person may do on the Page can't be asked with it; Facebook says so when it publishes."""
        info, verdict = self._examine(page_id, token)
        with in_plain_words():
            name = read_page_name(self.client, page_id, token)
        is_subscribed = self._subscribe(page_id, token, verdict)
        return Grant(page_id, name, token, None, verdict, None, info.user_id, is_subscribed)

    def _examine(self, page_id: str, token: Secret) -> tuple[TokenInfo, Verdict]:
        with in_plain_words():
            info = inspect_token(self.client, token)
        verdict = judge_token(info, page_id=page_id, now=self.now())
        if verdict.status == TokenStatus.LOST:
            words, _, next_step = (verdict.reason or "").partition(" Next: ")
            raise PageRefusedError(words, next_step=next_step)
        return info, verdict

    def _subscribe(self, page_id: str, token: Secret, verdict: Verdict) -> bool:
        """Whether Facebook's webhook now tells of the Page's posts. Publishing does not depend on it."""
        if SUBSCRIBING_SCOPE not in verdict.scopes:
            return False
        try:
            subscribe_feed(self.client, page_id, token)
        except GraphError as error:
            log.warning("Page %s is connected without its webhook: %s", page_id, error)
            return False
        return True


def find_obstacle(page: OfferedPage) -> str | None:
    """Why this Page of the person can't be connected, in words for them; None when it can."""
    if not page.may_create_content:
        return "Your role on this Page does not let you create content."
    if page.token is None:
        return "Facebook gives no token for this Page."
    return None


@contextmanager
def in_plain_words() -> Iterator[None]:
    """What Facebook's answer means for the person who waits in front of the screen."""
    try:
        yield
    except RateLimitedError as error:
        raise PageRefusedError(
            f"Facebook asks for a pause: {error.failure}",
            next_step=f"try again after {say_instant(error.regain_at)}; nothing was stored.",
        ) from error
    except AppRefusedError as error:
        raise PageRefusedError(f"Facebook refuses this app: {error.failure}", next_step=error.next_step) from error
    except GraphError as error:
        raise PageRefusedError(f"Facebook did not agree: {error.failure}", next_step=START_AGAIN) from error
