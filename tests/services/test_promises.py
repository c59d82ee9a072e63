"""Random interleavings of claim, send, crash, rescue, late answer, cancel, edit, pause and time: the promises hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from tests.graph.publishing import publish_feed_post

from socialpub.db import posts as statements
from socialpub.db.engine import transaction
from socialpub.errors import SocialpubError
from socialpub.models.statuses import FINAL
from socialpub.services.arm import LoadedPost, load_posts
from socialpub.services.outcomes import Published, decide_outcome

FAULTS = ("committed_then_500", "error_500_code2", "reset", "committed_then_reset", "link_1609005", "throttle_80001",
          "token_460", "blocked_368", "invalid_100", "html_502", "committed_then_200_garbage")  # fmt: skip


class Promises(RuleBasedStateMachine):
    """One Page, a few posts, and whatever may happen to them. `desk` is set by the test; the world is real."""

    desk: Any

    def __init__(self) -> None:
        super().__init__()
        self.number = 0
        self.posts: dict[Any, str] = {}
        self.final: dict[Any, tuple] = {}
        self.in_flight: list[tuple[Any, LoadedPost]] = []
        self.unsaved: list[tuple[Any, LoadedPost, Any]] = []
        self.desk.world.run("truncate social_scheduled_posts, social_publish_attempts, social_drafts,"
                            " social_draft_approvals, facebook_page_connections, larps cascade")  # fmt: skip
        self.desk.world.run("update social_publishing_gate set paused_at = null, paused_by = null, pause_reason = null,"
                            " rate_limited_until = null")  # fmt: skip
        self.desk.sandbox.control.reset()
        self.desk.sandbox.control.add_page("200000000000001", "Page", token="EAAGpage200000000000001")
        self.desk.sandbox.control.set_refuse_duplicates(False)
        self.larp = self.desk.world.add_page()

    def new_run(self) -> Any:
        self.number += 1
        return self.desk.as_run(f"run-{self.number}")

    @rule(due_in=st.sampled_from([-600, -5, 0]))
    def schedule(self, due_in: int) -> None:
        if len(self.posts) == 6:
            return
        body = f"Post {len(self.posts)}"
        self.posts[self.desk.world.schedule(self.larp, due_in=due_in, body=body)] = body

    @rule(fault=st.sampled_from(FAULTS))
    def a_post_meets_a_fault(self, fault: str) -> None:
        """A post comes, and Facebook stumbles at its first request."""
        self.schedule(0)
        self.desk.sandbox.control.add_fault(fault, method="POST")
        self.a_run_does_its_work()

    @rule()
    def a_run_does_its_work(self) -> None:
        run = self.new_run()
        for lane in run.scan():
            run.work(*lane)

    @rule(dies=st.sampled_from(["claimed", "armed", "fenced"]))
    def a_run_dies(self, dies: str) -> None:
        """SIGKILL at a step is: nothing after it happens in this run."""
        run = self.new_run()
        for lane in run.scan():
            publisher = run.publisher()
            if dies != "claimed":
                self.in_flight += [(publisher, post) for post in load_posts(publisher.engine, publisher.run, lane)]
        if dies == "fenced":
            self.pass_fences()

    def pass_fences(self) -> None:
        for publisher, post in self.in_flight:
            if self.fence(publisher, post):
                self.unsaved.append((publisher, post, None))
        self.in_flight.clear()

    def fence(self, publisher: Any, post: LoadedPost) -> bool:
        if post.attempt is None:
            return False
        with transaction(publisher.engine, actor="test") as session:
            return statements.pass_fence(
                session, publisher.run, post.attempt.id, content_hash=post.content_hash,
                lease=timedelta(minutes=3), fence_ahead=timedelta(seconds=1),
            ) is not None  # fmt: skip

    @precondition(lambda self: self.in_flight)
    @rule()
    def a_sleeping_task_wakes_up_and_sends_without_saving(self) -> None:
        """Armed long ago, perhaps rescued or canceled meanwhile: the fence decides, then it dies before it saves."""
        publisher, post = self.in_flight.pop()
        if not self.fence(publisher, post):
            return
        token = publisher.open_token(post.page)
        try:
            made = publish_feed_post(publisher.client, post.page.page_id, token, post.content)
            outcome: Any = Published(made.id, made.permalink_url)
        except SocialpubError as error:
            outcome = decide_outcome(
                error, tries_used=post.tries_used, now=publisher.clock.now(), rules=publisher.rules
            )
        self.unsaved.append((publisher, post, outcome))

    @precondition(lambda self: any(outcome for *_, outcome in self.unsaved))
    @rule()
    def a_late_answer_is_saved(self) -> None:
        publisher, post, outcome = next(entry for entry in self.unsaved if entry[2])
        self.unsaved.remove((publisher, post, outcome))
        assert post.attempt is not None
        publisher.recorder.record_outcome(post.attempt.id, outcome, now=publisher.clock.now())

    @precondition(lambda self: self.posts)
    @rule(data=st.data(), change=st.sampled_from(["body = body || '!'", "status = 'canceled'"]))
    def somebody_edits_or_cancels(self, data: st.DataObject, change: str) -> None:
        post = data.draw(st.sampled_from(sorted(self.posts)))
        with self.desk.world.connect("backoffice_login") as connection:
            try:
                connection.execute(  # type: ignore[call-overload]
                    f"update social_drafts set {change} where id ="
                    " (select draft_id from social_scheduled_posts where id = %s)",
                    (post,),
                )
            except connection_errors():
                return  # Refused with a message: also an answer.

    @rule(pause=st.booleans(), everything=st.booleans())
    def somebody_pauses_or_resumes(self, pause: bool, everything: bool) -> None:
        table = "social_publishing_gate" if everything else "facebook_page_connections"
        values = "now(), 'ewa', 'why'" if pause else "null, null, null"
        self.desk.world.run(f"update {table} set (paused_at, paused_by, pause_reason) = row({values})")

    @rule(minutes=st.sampled_from([1, 4, 6, 50]))
    def time_passes(self, minutes: int) -> None:
        self.desk.later(minutes)

    @invariant()
    def no_post_is_live_twice_and_no_final_state_changes(self) -> None:
        live = self.desk.live()
        assert len(live) == len(set(live)), live
        with self.desk.world.connect() as connection:
            rows = connection.execute("select id, status, facebook_post_id from social_scheduled_posts").fetchall()
        for post, *outcome in rows:
            assert self.final.get(post, tuple(outcome)) == tuple(outcome)
            if outcome[0] in FINAL:
                self.final[post] = tuple(outcome)

    def teardown(self) -> None:
        """Once nothing is broken any more, every post reaches its end by scans alone."""
        self.in_flight.clear()
        self.unsaved.clear()
        self.desk.sandbox.control.clear_faults()
        for _ in range(5):
            self.desk.later(50)
            self.desk.world.run("update facebook_page_connections set token_status = 'valid', paused_at = null,"
                                " paused_by = null, pause_reason = null, lateness_rule = 'always'")  # fmt: skip
            self.desk.world.run("update social_publishing_gate set paused_at = null, paused_by = null,"
                                " pause_reason = null, rate_limited_until = null")  # fmt: skip
            self.a_run_does_its_work()
        live = self.desk.live()
        for post, body in self.posts.items():
            status, reason, *_ = self.desk.row(post)
            assert status in FINAL, (status, reason)
            assert status == "published" or reason
            assert (body in live) == (status == "published"), (status, reason, live)
        self.no_post_is_live_twice_and_no_final_state_changes()


def connection_errors() -> type[Exception]:
    from psycopg import Error

    return Error


@pytest.mark.timeout(280)
def test_the_promises_hold_under_random_interleavings(desk):
    """Each example runs on a real database and a real sandbox, so there are few; `--hypothesis-seed` varies them."""
    Promises.desk = replace(desk, timing=replace(desk.timing, order_wait=timedelta(0)))
    run_state_machine_as_test(
        Promises,
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )
