"""What there is to do, by one query; and when a task of chores ends red."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import event

from socialpub.db.chores import find_chores
from socialpub.db.engine import transaction
from socialpub.operators.chores import (
    CleanUpOperator,
    FindChoresOperator,
    HandOverPostsOperator,
    PostFirstCommentsOperator,
    VerifyPostsOperator,
    describe,
)
from socialpub.services.tidy_up import TidyLimits, tidy_up


def find(world, statements=None):
    engine = world.engine()
    if statements is not None:
        event.listen(engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    with transaction(engine, actor="test") as session:
        return asdict(
            find_chores(
                session,
                min_ahead=timedelta(minutes=15),
                max_ahead=timedelta(days=28),
                look_after=timedelta(minutes=2),
                max_cleanups=10,
                events_kept=timedelta(days=7),
                answers_kept=timedelta(hours=24),
                uploads_kept=timedelta(days=2),
            )
        )


def test_where_nothing_is_to_be_done_one_query_says_so(world):
    """Direct posts are nobody's business here."""
    world.schedule(world.add_page(), due_in=3600)
    statements: list[str] = []
    assert set(find(world, statements).values()) == {False}
    assert len([text for text in statements if "social_" in text]) == 1


def test_who_looks_for_work_seals_the_audit_log(world, monkeypatch):
    """Every five minutes, in the task that runs anyway."""
    world.schedule(world.add_page(), due_in=3600)
    monkeypatch.setattr("socialpub.hooks.database.open_database", lambda pool_size: world.engine(pool_size=pool_size))
    operator = FindChoresOperator(task_id="find_chores")
    assert operator.choose_branch({"dag_run": SimpleNamespace(dag_id="verify_handed_over_posts")}) == []
    assert world.one("select row_count, (select count(*) from social_audit_log) from social_audit_seals") == (4, 4)


def only(found, name):
    return {key for key, value in found.items() if value} == {name}


def test_native_posts_are_handed_over_then_verified(world):
    larp = world.add_page()
    world.run("update facebook_page_connections set delivery = 'native'")
    post = world.schedule(larp, due_in=3600)
    assert only(find(world), "has_posts_to_hand_over")
    for move in (
        "set status = 'queued', claimed_by = 'r', lease_expires_at = now()", "set status = 'publishing'",
        "set status = 'handed_over', facebook_post_id = '1_2', handed_over_at = now(), handed_over_for = publish_at",
    ):  # fmt: skip
        world.run(f"update social_scheduled_posts {move}")
    assert not any(find(world).values())
    world.run("update social_scheduled_posts set publish_at = publish_at + interval '1 hour'")
    assert only(find(world), "has_posts_to_verify")
    world.run("update social_scheduled_posts set handed_over_for = publish_at")
    assert not any(find(world).values())
    with world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(
            "update social_scheduled_posts set publish_at = now() - interval '3 minutes',"
            " handed_over_for = now() - interval '3 minutes' where id = %s", (post,),
        )  # fmt: skip
    assert only(find(world), "has_posts_to_verify")


def test_clean_ups_and_comments_are_work_when_they_are_due(world):
    post = world.schedule(world.add_page())
    world.run(
        "insert into social_first_comments (scheduled_post_id, due_at) values (%s, now() + interval '1 hour')", post
    )
    world.run(
        "insert into social_media_cleanups (connection_id, media_id, kind, reason, not_before)"
        " select id, '1', 'photo', 'x', now() + interval '1 hour' from facebook_page_connections"
    )
    assert not any(find(world).values())
    world.run("update social_first_comments set due_at = now()")
    assert only(find(world), "has_first_comments")
    world.run("update social_first_comments set due_at = now() + interval '1 hour'")
    world.run("update social_media_cleanups set not_before = now()")
    assert only(find(world), "has_cleanups")
    world.run("update social_media_cleanups set attempts = 10")
    assert not any(find(world).values())


@pytest.mark.parametrize(("operator", "ended", "words"), [
    (CleanUpOperator, {"done": 3, "kept": 1, "waiting": 1}, None),
    (CleanUpOperator, {"given_up": 2}, "2 clean-ups are given up."),
    (PostFirstCommentsOperator, {"posted": 1, "pending": 2, "posting": 1}, None),
    (PostFirstCommentsOperator, {"failed": 1}, "1 first comments failed; their posts are live."),
    (VerifyPostsOperator, {"published": 1, "pending": 1, "handed_over": 3}, None),
    (VerifyPostsOperator, {"failed": 1}, "1 posts failed with Facebook."),
    (HandOverPostsOperator, {"handed_over": 1, "pending": 1, "unconfirmed": 1}, None),
])  # fmt: skip
def test_a_task_is_red_only_where_a_person_is_needed(operator, ended, words):
    """What is tried again by itself is not."""
    assert operator(task_id="x").find_trouble(Counter(ended)) == words


def test_the_log_says_what_came_of_it():
    assert describe(Counter(published=2, pending=1)) == "1 pending, 2 published"
    assert describe(Counter()) == "Nothing was left to do."


def test_waiting_events_and_old_rows_have_their_tasks(world):
    """Not those of this moment: the API server is at them."""
    insert = (
        "insert into social_webhook_events (dedupe_key, page_id, payload, received_at, processed_at, outcome)"
        " values (%s, '1', '{}', now() - interval '%s seconds', now() - interval '%s days', %s)"
    )
    world.run("insert into social_webhook_events (dedupe_key, page_id, payload) values ('new', '1', '{}')")
    world.run(insert.replace("%s days", "6 days").replace("%s seconds", "0 seconds"), "young", "ignored")
    assert set(find(world).values()) == {False}
    world.run("update social_webhook_events set received_at = now() - interval '1 minute' where dedupe_key = 'new'")
    assert only(find(world), "has_webhook_events")
    world.run("update social_webhook_events set processed_at = now() - interval '8 days', outcome = 'known'")
    assert only(find(world), "has_old_rows")
    assert tidy_up(world.engine(), TidyLimits(), actor="test")["old events"] == 2
    assert set(find(world).values()) == {False}
