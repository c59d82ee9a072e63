"""One wave: posts at every step at once, one blow, and the wait until all of them have come to their end."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from chaos.arena import HANG_SECONDS, Arena
from chaos.blows import lane_labels, recover, start_scan, strike, waits_for_a_lock
from chaos.cells import Answer, Blow, Step, all_cells
from chaos.holds import Holds
from graph_sandbox.arrivals import Arrival
from local_stack.state import StackError

_SETTLE_DEADLINE_SECONDS = 300.0
_MUSTER_SECONDS = 90.0
_LEAD_SECONDS = 40.0
"""From writing the posts to their second: enough for a scan and its lanes to start."""
_FENCE_AHEAD_SECONDS = 3.0
# When the posts of a step are due, in seconds from the wave's second; the blow falls one to two seconds after it.
_DUE = {Step.FENCED: 3.5, Step.ARMED: 30.0}
_CLAIMED_LATE_DUE = 20.0
_NOT_YET_SECONDS = 3600.0
_LOCK_AT_THE_FENCE = "select attempt.scheduled_post_id from social_publish_attempts"  # lock_post_of_attempt.sql
_FINAL = ("published", "failed", "canceled", "missed")
_numbers = itertools.count(1)


@dataclass(slots=True)
class Trial:
    """One post under one blow."""

    blow: Blow
    step: Step
    answer: Answer
    page_id: str
    body: str
    post: UUID = field(init=False)
    is_at_step: bool = field(default=False, init=False)
    status: str = field(default="", init=False)
    facebook_post_id: str | None = field(default=None, init=False)
    live: list[str] = field(default_factory=list, init=False)
    """Ids of the live posts with this text."""
    settled_seconds: float = field(default=0.0, init=False)
    """From the blow to the final state."""

    @property
    def is_lost(self) -> bool:
        return self.status not in _FINAL

    @property
    def is_duplicate(self) -> bool:
        return len(self.live) > 1

    @property
    def has_wrong_end(self) -> bool:
        """Another end than Facebook's answers allow, or a row that does not tell what people see on the Page."""
        if self.is_lost:
            return False
        known = [self.facebook_post_id] if self.status == "published" else []
        return self.status != self.answer.ends_as or (known != self.live and not self.is_duplicate)


class Wave:
    """All cells under one blow, each with as many posts as asked for."""

    def __init__(self, arena: Arena, blow: Blow, *, copies: int) -> None:
        self._arena = arena
        self._blow = blow
        self._holds = Holds(arena.office)
        self._fenced: set[UUID] = set()
        self._began_at = time.time()
        self.trials = [self._prepare(step, answer) for step, answer in all_cells() for _ in range(copies)]

    def ride(self) -> list[Trial]:
        """Muster the posts, strike, and wait until they have settled. Raises `StackError` if they can't be mustered."""
        try:
            second = self._muster()
            self._wait_for_steps(second)
            struck_at = self._database_now()
            strike(self._arena, self._blow, self._runs())
        finally:
            self._holds.release()
        recover(self._arena, self._blow)
        self._wait_until_settled(struck_at)
        return self.trials

    def _prepare(self, step: Step, answer: Answer) -> Trial:
        number = next(_numbers)
        page_id = str(400_000_000_000_000 + number)
        trial = Trial(self._blow, step, answer, page_id, f"Post {number}: {answer.name}")
        larp = self._arena.office.add_page(page_id, f"Page {number}")
        self._arena.sandbox.set_list_lag(page_id, answer.list_lag_seconds)
        if answer.fault:
            delay = HANG_SECONDS if "hang" in answer.fault else None
            self._arena.sandbox.add_fault(
                answer.fault, page_id=page_id, edge="feed", method="POST", times=answer.times, delay_seconds=delay
            )
        [trial.post] = self._arena.office.schedule([larp], [trial.body], due_in=_NOT_YET_SECONDS)
        return trial

    def _muster(self) -> float:
        """All claimed and armed, the latecomers claimed but not loaded. Returns the wave's second, by the database."""
        second = self._database_now() + _LEAD_SECONDS
        early = [trial for trial in self.trials if trial.step != Step.CLAIMED]
        for due, trials in itertools.groupby(sorted(early, key=_due), key=_due):
            self._plan([trial.post for trial in trials], at=second + due)
        start_scan(self._arena)
        posts = [trial.post for trial in early]
        self._until(lambda: self._arena.office.statuses(posts) == {"queued": len(posts)}, "the posts to be claimed")
        self._holds.hold_before_fence(self._posts(Step.BEFORE_FENCE))
        self._until(lambda: all(_are_started(lane_labels(self._arena, run)) for run in self._runs()), "the lanes")
        self._sleep_until(second - _FENCE_AHEAD_SECONDS - 3)
        self._holds.hold_loading()
        self._plan(self._posts(Step.CLAIMED), at=second + _CLAIMED_LATE_DUE)
        start_scan(self._arena)
        return second

    def _plan(self, posts: Sequence[UUID], *, at: float) -> None:
        self._arena.office.run(
            "update social_scheduled_posts set publish_at = to_timestamp(%s) where id = any(%s)", at, list(posts)
        )

    def _runs(self) -> list[str]:
        """The runs that have claimed the posts."""
        rows = self._arena.office.rows(
            "select distinct run_id from social_publish_attempts where scheduled_post_id = any(%s)",
            [trial.post for trial in self.trials],
        )
        return [run_id for (run_id,) in rows]

    def _wait_for_steps(self, second: float) -> None:
        """Until every post is at its step, or for as long as the locks can hold."""
        give_up_at = second + 2.5
        while not all(trial.is_at_step for trial in self.trials) and self._database_now() < give_up_at:
            self._fenced |= self._holds.hold_before_saving(self._posts(Step.ANSWERED))
            if self._database_now() > second:
                self._look()
            time.sleep(0.05)

    def _look(self) -> None:
        rows = dict(
            self._arena.office.rows(
                "select id, status from social_scheduled_posts where id = any(%s)",
                [trial.post for trial in self.trials],
            )
        )
        sent = self._arena.sandbox.arrivals(since=self._began_at, edge="feed", method="POST")
        arrivals = {arrival.page_id: arrival for arrival in sent}
        at_fence = waits_for_a_lock(self._arena, _LOCK_AT_THE_FENCE) >= len(self._posts(Step.BEFORE_FENCE))
        for trial in self.trials:
            arrival = arrivals.get(trial.page_id)
            trial.is_at_step = self._is_at_step(trial, rows[trial.post], arrival, at_fence=at_fence)

    def _is_at_step(self, trial: Trial, status: str, arrival: Arrival | None, *, at_fence: bool) -> bool:
        match trial.step:
            case Step.CLAIMED | Step.ARMED:
                return status == "queued"
            case Step.BEFORE_FENCE:
                return status == "queued" and at_fence
            case Step.FENCED:
                return status == "publishing" and arrival is None
            case Step.SENT:
                return status == "publishing" and arrival is not None and not arrival.committed
            case Step.COMMITTED:
                return status == "publishing" and arrival is not None and bool(arrival.committed)
            case Step.ANSWERED:
                return trial.post in self._fenced and arrival is not None and arrival.status is not None
            case Step.SAVED:
                return status == trial.answer.ends_as

    def _wait_until_settled(self, struck_at: float) -> None:
        deadline, next_scan_at = time.monotonic() + _SETTLE_DEADLINE_SECONDS, 0.0
        while time.monotonic() < deadline:
            self._arena.stack.revive()
            self._read_ends(struck_at)
            if not any(trial.is_lost for trial in self.trials):
                break
            if time.monotonic() > next_scan_at:
                start_scan(self._arena)
                next_scan_at = time.monotonic() + 8
            time.sleep(1)
        for trial in self.trials:
            posts = self._arena.sandbox.posts(trial.page_id)
            trial.live = [post.id for post in posts if post.message == trial.body and post.is_published]

    def _read_ends(self, struck_at: float) -> None:
        rows = self._arena.office.rows(
            "select id, status, facebook_post_id, extract(epoch from updated_at)::float8 from social_scheduled_posts"
            " where id = any(%s)",
            [trial.post for trial in self.trials],
        )
        found = {row[0]: row[1:] for row in rows}
        for trial in self.trials:
            trial.status, trial.facebook_post_id, updated_at = found[trial.post]
            trial.settled_seconds = max(0.0, updated_at - struck_at)

    def _posts(self, step: Step) -> list[UUID]:
        return [trial.post for trial in self.trials if trial.step == step]

    def _database_now(self) -> float:
        [(now,)] = self._arena.office.rows("select extract(epoch from clock_timestamp())::float8")
        return float(now)

    def _sleep_until(self, instant: float) -> None:
        time.sleep(max(0.0, instant - self._database_now()))

    def _until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _MUSTER_SECONDS
        while not is_so():
            if time.monotonic() > deadline:
                raise StackError(f"Waited {_MUSTER_SECONDS:.0f} s for {what}.")
            time.sleep(0.3)


def _due(trial: Trial) -> float:
    return _DUE.get(trial.step, 0.0)


def _are_started(labels: Iterable[str | None]) -> bool:
    labels = list(labels)
    return bool(labels) and all(labels)
