"""A quiet hour, and one trouble after the other, under the eyes of a real Prometheus: which alerts does it raise?"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString
from uuid import UUID

from chaos.arena import Arena
from chaos.prometheus import Prometheus
from local_stack.state import StackError

QUIET_SECONDS = 240
"""An hour of scrapes."""
_RAISED_SECONDS = 240
_LINGER_SECONDS = 5
_POST_EVERY_SECONDS = 10
_FIRST_PAGE = 600_000_000_000_000
# Beside the scans, which come by themselves: what a whole day would start.
_DAGS = (
    "check_page_tokens", "send_daily_digest", "deliver_notifications", "verify_handed_over_posts", "preupload_media",
    "announce_published_posts",
)  # fmt: skip
LOOKING_BACK = {"SocialpubOnTimeBelow99", "SocialpubPostsMissed", "SocialpubApiErrors"}
"""They speak of the last quarter of an hour or hour: they end long after what raised them."""


@dataclass(frozen=True, slots=True)
class WatchRow:
    """What was raised while one thing was the matter."""

    trouble: str
    expected: list[str]
    raised: list[str]
    seconds: float
    scrapes: int
    failed_scrapes: int

    @property
    def is_right(self) -> bool:
        """Exactly the alerts that should be."""
        return self.expected == self.raised


class Watch:
    """Everything that is known to go wrong, once; every alert has its trouble."""

    def __init__(self, arena: Arena, prometheus: Prometheus, *, quiet_seconds: float = QUIET_SECONDS) -> None:
        self._arena = arena
        self._office = arena.office
        self._prometheus = prometheus
        self._quiet_seconds = quiet_seconds
        self._pages = 0
        self._lost_token = ""
        self.rows: list[WatchRow] = []

    def keep(self) -> list[WatchRow]:
        """One row a trouble, the quiet hour first and what is mended last."""
        self._office.run(
            "insert into social_notification_routes (channel, recipient) values ('email', 'team@larp.example')"
        )
        self._look("a quiet hour", self._be_quiet)
        self._look("Facebook refuses posts", self._refuse, "SocialpubFailuresInARow", "SocialpubApiErrors")
        self._look("posts that come late", self._be_late, "SocialpubOnTimeBelow99", "SocialpubPostsMissed")
        self._look("a lost token, a limited app", self._close_doors, "SocialpubTokenLost", "SocialpubRateLimited")
        self._look(
            "the scheduler and its tasks are killed",
            self._kill_scheduler,
            "SocialpubNoScan", "SocialpubPostsPastDue", "SocialpubPostsStuck", "SocialpubUnconfirmed",
            "SocialpubOutboxStuck",
        )  # fmt: skip
        # It has been the matter since the lost token; its hour must not begin anew with the next scrape that fails.
        self._look("a token that ends in three days", lambda: None, "SocialpubTokenExpiring")
        self._look("the API server is killed", self._kill_api_server, "SocialpubMetricsDown")
        self._look_after()
        return self.rows

    def _look(self, trouble: str, happen: Callable[[], None], *expected: str) -> None:
        before, began_at = self._prometheus.firing(), time.time()
        happen()
        raised: set[str] = set()
        deadline = time.monotonic() + (_RAISED_SECONDS if expected else 0)
        while not raised >= set(expected) and time.monotonic() < deadline:
            time.sleep(1)
            raised = self._prometheus.fired(began_at) - before
        time.sleep(_LINGER_SECONDS)
        self._note(trouble, expected, self._prometheus.fired(began_at) - before, began_at)

    def _look_after(self) -> None:
        """All is mended, and every alert ends that does not look back."""
        began_at = time.time()
        self._mend()
        deadline = time.monotonic() + _RAISED_SECONDS
        while self._prometheus.firing() - LOOKING_BACK and time.monotonic() < deadline:
            time.sleep(1)
        self._note("all is mended", (), self._prometheus.firing() - LOOKING_BACK, began_at)

    def _note(self, trouble: str, expected: Iterable[str], raised: set[str], began_at: float) -> None:
        seconds = round(time.time() - began_at, 1)
        self.rows.append(
            WatchRow(trouble, sorted(expected), sorted(raised), seconds, *self._prometheus.scrapes(began_at))
        )

    def _be_quiet(self) -> None:
        """A post every ten seconds, and each DAG of the day once."""
        ends_at, pages, number = time.monotonic() + self._quiet_seconds, [self._page() for _ in range(4)], 0
        while time.monotonic() < ends_at:
            if number < len(_DAGS):
                self._arena.stack.airflow.trigger(_DAGS[number], {})
            self._office.schedule([pages[number % len(pages)]], [f"Quiet {number}"], due_in=_POST_EVERY_SECONDS)
            number += 1
            time.sleep(_POST_EVERY_SECONDS)

    def _refuse(self) -> None:
        """Three posts of one Page, and of each of five others one, for good."""
        self._streak, others = self._page(), [self._page() for _ in range(5)]
        self._arena.sandbox.add_fault("invalid_100", edge="feed", method="POST", times=8)
        posts = self._office.schedule([self._streak], ["Refused", "Refused again", "Refused too"], due_in=2)
        posts += self._office.schedule(others, ["Refused"] * 5, due_in=2)
        self._settle(posts, "failed")

    def _be_late(self) -> None:
        """As after a night without the stack: one post is sent ten minutes late, one not any more."""
        self._settle(self._office.schedule([self._page()], ["Late"], due_in=-600), "published")
        self._settle(self._office.schedule([self._page()], ["Too late"], due_in=-7 * 3600), "missed")

    def _close_doors(self) -> None:
        ending, losing = self._page(), self._page()
        self._office.run(
            "update facebook_page_connections set token_expires_at = now() + interval '3 days' where larp_id = %s",
            ending,
        )
        self._lost_token = f"EAAGsandboxpagetoken{self._page_id(self._pages)}"
        self._arena.sandbox.revoke_token(self._lost_token, subcode=460)
        self._office.schedule([losing], ["Held"], due_in=2)
        self._until("the token to be lost", lambda: self._is_so(
            "select token_status = 'lost' from facebook_page_connections where larp_id = %s", losing))  # fmt: skip
        self._arena.sandbox.add_fault("throttle_4", edge="feed", method="POST", regain_minutes=3)
        self._office.schedule([self._page()], ["After the limit"], due_in=2)

    def _kill_scheduler(self) -> None:
        """What it leaves: a post that nobody takes, one that a dead run owns, one that may be live, and an event."""
        self._lift_app_limit()
        maybe, owned, waiting = (self._page() for _ in range(3))
        self._arena.sandbox.set_list_lag(self._page_id(self._pages - 2), 3600)
        self._arena.sandbox.add_fault("committed_then_500", edge="feed", method="POST")
        self._settle(self._office.schedule([maybe], ["Maybe"], due_in=2), "unconfirmed")
        self._settle(self._office.schedule([owned], ["Owned"], due_in=40), "queued")
        self._arena.stack.component("scheduler").kill()
        self._office.schedule([waiting], ["Nobody takes it"], due_in=-175)
        self._office.run(
            "update facebook_page_connections set paused_at = now(), paused_by = 'ola', pause_reason = 'It may be live'"
            " where larp_id = %s",
            maybe,
        )
        self._grow_old()

    def _grow_old(self) -> None:
        """As if the stack had stood still for an hour: only ages change, so only the waiting is left out."""
        with self._office.connect() as connection:
            connection.execute("set session_replication_role = replica")  # The rules forbid it, with reason.
            for statement in _GROW_OLD:
                connection.execute(statement)

    def _kill_api_server(self) -> None:
        self._arena.stack.component("api-server").kill()

    def _mend(self) -> None:
        self._arena.stack.revive()
        self._arena.stack.wait_until_ready()
        self._arena.sandbox.clear_faults()
        for number in range(1, self._pages + 1):
            self._arena.sandbox.set_list_lag(self._page_id(number), 0)
        self._arena.sandbox.restore_token(self._lost_token)
        self._office.run(
            "update facebook_page_connections set token_expires_at = null, token_status = 'valid',"
            " paused_at = null, paused_by = null, pause_reason = null"
        )
        self._office.run("delete from social_notification_routes")
        self._office.schedule([self._streak], ["Well again"], due_in=1)

    def _lift_app_limit(self) -> None:
        self._arena.sandbox.clear_faults()
        self._office.run("update social_publishing_gate set rate_limited_until = null")

    def _page(self) -> UUID:
        self._pages += 1
        return self._office.add_page(self._page_id(self._pages), f"Watched {self._pages}")

    @staticmethod
    def _page_id(number: int) -> str:
        return str(_FIRST_PAGE + number)

    def _settle(self, posts: list[UUID], status: str) -> None:
        self._until(f"posts to be {status}", lambda: self._office.statuses(posts) == {status: len(posts)})

    def _is_so(self, query: LiteralString, *params: object) -> bool:
        return self._office.rows(query, *params) == [(True,)]

    @staticmethod
    def _until(what: str, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _RAISED_SECONDS
        while not is_so():
            if time.monotonic() > deadline:
                raise StackError(f"Waited {_RAISED_SECONDS} s for {what}.")
            time.sleep(0.5)


_GROW_OLD: tuple[LiteralString, ...] = (
    "update social_scans set finished_at = finished_at - interval '3 minutes'",
    "update social_scheduled_posts set lease_expires_at = now() - interval '3 minutes' where status = 'queued'",
    "update social_publish_attempts set sent_at = sent_at - interval '31 minutes'",
    "update social_outbox set created_at = created_at - interval '61 minutes' where routed_at is null",
)


def watch(arena: Arena, folder: Path, *, quiet_seconds: float = QUIET_SECONDS) -> list[WatchRow]:
    """Raises `StackError` when Prometheus can't be started or a trouble could not be made."""
    with Prometheus(arena.stack.airflow_url.removeprefix("http://"), folder) as prometheus:
        return Watch(arena, prometheus, quiet_seconds=quiet_seconds).keep()
