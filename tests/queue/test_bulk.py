"""Several posts at once: said first, then done one by one, each with its own result, and audited."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from socialpub.errors import PostNotReadyError, RuleRefusedError
from socialpub.services.queue.bulk import BulkAction, Tools, carry_out, plan_bulk
from tests.queue.conftest import force


@pytest.fixture
def started():
    return []


@pytest.fixture
def tools(started):
    def start(post_id, reason):
        started.append((post_id, reason))
        return f"https://airflow.example/runs/{len(started)}"

    return Tools(pace=timedelta(seconds=30), start_publish=start)


@pytest.fixture
def posts(world, larp):
    found = {}
    for number, status in enumerate(("failed", "missed", "unconfirmed", "pending", "published")):
        found[status] = world.schedule(larp, due_in=-60 if status != "pending" else 3600, title=f"Post {status}")
        if status != "pending":
            force(world, found[status], status, number=number)
    world.run(
        "insert into social_publish_attempts"
        " (scheduled_post_id, attempt_number, dag_id, run_id, sent_at, finished_at, outcome)"
        " values (%s, 1, 'publish_due_posts', 'scheduled__1', now(), now(), 'unconfirmed')", found["unconfirmed"],
    )  # fmt: skip
    return found


def good(steps):
    return {step.line.status for step in steps if step.is_good}


@pytest.mark.parametrize(
    ("action", "able"),
    [
        (BulkAction.REQUEUE, {"failed", "missed"}),
        (BulkAction.PUBLISH_NOW, {"failed", "missed", "pending"}),
        (BulkAction.DECLARE_ABSENT, {"unconfirmed"}),
        (BulkAction.PAUSE, {"failed", "missed", "unconfirmed", "pending", "published"}),
    ],
)
def test_a_plan_says_for_each_post_what_would_happen_and_changes_nothing(world, engine, larp, posts, action, able):
    before = world.one("select count(*) from social_audit_log")
    steps = plan_bulk(engine, [larp], action, list(posts.values()))
    assert len(steps) == 5
    assert good(steps) == able
    assert all(step.words for step in steps)
    assert world.one("select count(*) from social_audit_log") == before


def test_failed_and_missed_posts_are_requeued_at_the_pace_of_their_page(world, engine, larp, posts, tools):
    steps = carry_out(
        engine, [larp], BulkAction.REQUEUE, list(posts.values()), tools=tools, reason="", actor="airflow:ola"
    )
    assert good(steps) == {"failed", "missed"}
    gap, actors = world.one(
        "select max(publish_at) - min(publish_at), array_agg(distinct created_by) from social_scheduled_posts"
        " where created_by = 'airflow:ola'"
    )
    assert (gap, actors) == (timedelta(seconds=30), ["airflow:ola"])
    again = plan_bulk(engine, [larp], BulkAction.REQUEUE, [posts["failed"]])
    assert again[0].words == "Somebody has scheduled its draft again already."


def test_the_rest_is_requeued_when_one_has_moved_on_meanwhile(world, engine, larp, posts, tools, monkeypatch):
    """Between the look and the deed; whoever was first has scheduled it, and that stands."""
    from socialpub.services.queue import bulk

    real = bulk.requeue

    def requeue(engine, *, post_ids, **rest):
        if posts["failed"] in post_ids:
            raise PostNotReadyError("It has moved on.", next_step="look again.")
        return real(engine, post_ids=post_ids, **rest)

    monkeypatch.setattr(bulk, "requeue", requeue)
    chosen = [posts["failed"], posts["missed"]]
    steps = carry_out(engine, [larp], BulkAction.REQUEUE, chosen, tools=tools, reason="", actor="airflow:ola")
    assert {step.line.status: step.is_good for step in steps} == {"failed": False, "missed": True}


def test_publishing_now_starts_a_run_for_each_and_says_where(engine, larp, posts, tools, started):
    steps = carry_out(
        engine, [larp], BulkAction.PUBLISH_NOW, list(posts.values()), tools=tools, reason="It is late", actor="a"
    )
    assert good(steps) == {"failed", "missed", "pending"}
    assert {reason for _, reason in started} == {"It is late"}
    assert posts["pending"] in {post for post, _ in started}
    assert any("https://airflow.example/runs/1" in step.words for step in steps)


def test_an_unconfirmed_post_is_declared_absent(world, engine, larp, posts, tools):
    order = [posts["unconfirmed"], posts["pending"]]
    steps = carry_out(engine, [larp], BulkAction.DECLARE_ABSENT, order, tools=tools, reason="", actor="airflow:ola")
    assert good(steps) == {"unconfirmed"}
    assert world.status(posts["unconfirmed"]) == "pending"
    assert world.one("select actor from social_audit_log where entity_id = %s order by id desc", posts["unconfirmed"])[
        0
    ] == "airflow:ola"  # fmt: skip


def test_pausing_names_each_page_once(world, engine, larp, posts, tools):
    steps = carry_out(
        engine, [larp], BulkAction.PAUSE, list(posts.values()), tools=tools, reason="Wrong date", actor="airflow:ola"
    )
    assert len(good(steps)) == 5
    assert world.one("select pause_reason, paused_by from facebook_page_connections") == ("Wrong date", "airflow:ola")
    paused = "select count(*) from social_audit_log where actor = 'airflow:ola' and payload ->> 'pause_reason' = %s"
    assert world.one(paused, "Wrong date") == (1,)


@pytest.mark.parametrize("action", [BulkAction.PUBLISH_NOW, BulkAction.PAUSE])
def test_what_needs_a_reason_is_refused_without(world, engine, larp, posts, tools, action):
    with pytest.raises(RuleRefusedError, match="reason"):
        carry_out(engine, [larp], action, list(posts.values()), tools=tools, reason="  ", actor="a")
    assert world.one("select paused_at from facebook_page_connections") == (None,)


def test_posts_of_another_larp_are_not_there(world, engine, posts, tools):
    other = world.add_page("200000000000002", name="Inni")
    assert plan_bulk(engine, [other], BulkAction.REQUEUE, list(posts.values())) == []
    assert carry_out(engine, [other], BulkAction.PAUSE, list(posts.values()), tools=tools, reason="x", actor="a") == []
    assert world.one("select count(*) from facebook_page_connections where paused_at is not null") == (0,)


@pytest.mark.parametrize("number", [0, 201])
def test_none_and_too_many_are_refused(engine, larp, number):
    with pytest.raises(RuleRefusedError, match="chosen"):
        plan_bulk(engine, [larp], BulkAction.REQUEUE, [uuid4() for _ in range(number)])
