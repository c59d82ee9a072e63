"""The smoke test: one real post on a Page that is there to be tried on, seen by nobody and deleted again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import Engine, select

from socialpub.db.engine import transaction
from socialpub.errors import SocialpubError
from socialpub.graph.client import GraphClient
from socialpub.graph.nodes import delete_node, read_node
from socialpub.graph.posts import publish_unseen_post, read_post
from socialpub.models import FacebookPageConnection, WebhookEvent
from socialpub.models.secret import Secret
from socialpub.services.pause import find_page

T = TypeVar("T")


class SmokeTestError(SocialpubError):
    """Facebook did not do what it said, or not what publishing relies on."""


@dataclass(slots=True)
class SmokeTest:
    """One Page, once. `seconds` tells how long each step took; a step that did not happen is not in it.

    A step that failed is in it too, and named by `failed_step`.
    """

    engine: Engine
    client: GraphClient
    page: FacebookPageConnection
    token: Secret = field(repr=False)
    webhook_patience: timedelta = timedelta(seconds=10)
    seconds: dict[str, float] = field(default_factory=dict)
    failed_step: str = ""

    def run(self, now: datetime) -> dict[str, float]:
        """Publish, read back, look for the webhook, delete, and see that it is gone.

        Raises a `GraphError` or `SmokeTestError`; whatever was published is deleted before that, if it can be.
        """
        message = f"socialpub smoke test {now:%Y-%m-%d %H:%M:%S %Z}"
        publish = partial(publish_unseen_post, self.client, self.page.page_id, self.token, message)
        post_id = self._time("publish", publish).id
        try:
            self._time("read_back", lambda: self._read_back(post_id, message))
            self._wait_for_webhook(post_id)
        finally:
            self._time("delete", lambda: delete_node(self.client, post_id, self.token))
        self._time("see_it_gone", lambda: self._see_it_gone(post_id))
        return self.seconds

    def _time(self, step: str, work: Callable[[], T]) -> T:
        started = time.monotonic()
        try:
            return work()
        except SocialpubError:
            self.failed_step = self.failed_step or step
            raise
        finally:
            self.seconds[step] = round(time.monotonic() - started, 3)

    def _read_back(self, post_id: str, message: str) -> None:
        found = read_post(self.client, post_id, self.token)
        if found.message != message or found.is_published is not False:
            raise SmokeTestError(
                f"Facebook shows {post_id} on {self.page} otherwise than it was sent.",
                next_step="read the lines of the log above; no real post was touched.",
            )

    def _wait_for_webhook(self, post_id: str) -> None:
        """Told if it came: Facebook does not promise one for a post that nobody sees, so none is no failure."""
        if self.page.feed_subscribed_at is None:
            return
        started = time.monotonic()
        while (waited := time.monotonic() - started) < self.webhook_patience.total_seconds():
            if self._has_webhook(post_id):
                self.seconds["webhook"] = round(waited, 3)
                return
            time.sleep(0.5)

    def _has_webhook(self, post_id: str) -> bool:
        with transaction(self.engine, actor="smoke_test_page") as session:
            return (
                session.scalars(
                    select(WebhookEvent.id).where(WebhookEvent.facebook_post_id == post_id).limit(1)
                ).first()
                is not None
            )

    def _see_it_gone(self, post_id: str) -> None:
        if read_node(self.client, post_id, self.token, fields="id") is not None:
            raise SmokeTestError(
                f"{post_id} is still on {self.page} after it was deleted.", next_step="delete it on the Page by hand."
            )


def find_sandbox_pages(engine: Engine) -> list[FacebookPageConnection]:
    """The connected Pages that are there to be tried on."""
    with transaction(engine, actor="smoke_test_page") as session:
        return list(
            session.scalars(
                select(FacebookPageConnection).where(
                    FacebookPageConnection.is_sandbox, FacebookPageConnection.disconnected_at.is_(None)
                )
            )
        )


def mark_sandbox(engine: Engine, page_id: str, *, is_sandbox: bool, actor: str) -> str:
    """Let the smoke test have the Page, or not any more. Raises `UnknownPageError`."""
    with transaction(engine, actor=actor) as session:
        page = find_page(session, page_id)
        page.is_sandbox = is_sandbox
        words = "publishes and deletes on it every night" if is_sandbox else "leaves it alone"
        return f"{page}: the smoke test {words}."
