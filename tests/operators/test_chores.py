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
from socialpub.errors import MediaUnavailableError
from socialpub.hooks.storage import AirflowMediaStore
from socialpub.media.places import MediaPlaces
from socialpub.operators.chores import (
    CleanUpOperator,
    FindChoresOperator,
    HandOverPostsOperator,
    PostFirstCommentsOperator,
    VerifyPostsOperator,
    describe,
)
from socialpub.services.draft_assets import find_uploads
from socialpub.services.tidy_up import TidyLimits, forget_uploads, tidy_up


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
                finished_kept=timedelta(days=7),
            )
        )


def test_where_nothing_is_to_be_done_one_query_says_so(world):
    """Direct posts are nobody's business here."""
    world.schedule(world.add_page(), due_in=3600)
    statements: list[str] = []
    assert set(find(world, statements).values()) == {False}
    assert len([text for text in statements if "social_" in text]) == 1


def test_who_looks_for_work_seals_the_audit_log(world, monkeypatch, capsys):
    """Every five minutes, in the task that runs anyway; the log keeps a copy of the chain's head."""
    world.schedule(world.add_page(), due_in=3600)
    monkeypatch.setattr("socialpub.hooks.database.open_database", lambda pool_size: world.engine(pool_size=pool_size))
    operator = FindChoresOperator(task_id="find_chores")
    assert operator.choose_branch({"dag_run": SimpleNamespace(dag_id="verify_handed_over_posts")}) == []
    assert world.one("select row_count, (select count(*) from social_audit_log) from social_audit_seals") == (4, 4)
    [digest] = world.one("select encode(digest, 'hex') from social_audit_seals")
    assert f"the head is 1:{digest}." in capsys.readouterr().out


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


def test_what_was_promised_for_a_time_is_kept_so_long_and_no_longer(world):
    """An answer to its key for 24 hours, a revocation until its token is over, an unfinished upload for two days."""
    larp = world.add_page()
    answer = (
        "insert into social_api_answers (principal, idempotency_key, request_hash, created_at)"
        " values ('anna', %s, repeat('a', 64), now() - %s::interval)"
    )
    revocation = "insert into social_revoked_tokens (token_id, expires_at) values (%s, now() - %s::interval)"
    world.run(answer, "young", "23 hours 59 minutes")
    world.run(revocation, "leeway", "59 minutes")
    upload = (
        "insert into social_uploads (larp_id, created_by, storage_path, mime_type, size_bytes, updated_at)"
        " values (%s, 'anna', %s, 'image/png', 1, now() - %s::interval)"
    )
    world.run(upload, larp, "young", "47 hours")
    assert set(find(world).values()) == {False}
    assert sum(tidy_up(world.engine(), TidyLimits(), actor="test").values()) == 0
    world.run(answer, "old", "24 hours 1 minute")
    assert only(find(world), "has_old_rows")
    world.run(revocation, "over", "61 minutes")
    world.run(upload, larp, "old", "49 hours")
    tidied = tidy_up(world.engine(), TidyLimits(), actor="test")
    assert tidied == {"old events": 0, "old answers": 1, "old revocations": 1, "unfinished uploads": 1}
    assert world.one("select idempotency_key from social_api_answers") == ("young",)
    assert world.one("select token_id from social_revoked_tokens") == ("leeway",)
    assert world.one("select storage_path from social_uploads") == ("young",)


def test_files_that_no_draft_took_up_go_after_a_week_with_their_rows(world, tmp_path):
    """What a draft shows stays, as a photo or as the picture of a video; so does what is in use at this moment."""
    larp = world.add_page()
    store, kept = AirflowMediaStore(MediaPlaces(str(tmp_path))), ("shown", "thumbnail", "young")
    for name in ("unused", "gone", *kept):
        if name != "gone":
            (tmp_path / name).write_bytes(b"x")
        world.run(
            "insert into social_uploads (larp_id, created_by, storage_path, mime_type, size_bytes, checksum_sha256)"
            " values (%s, 'anna', %s, 'image/png', 1, repeat('a', 64))", larp, name,
        )  # fmt: skip
    draft = world.one("insert into social_drafts (larp_id, title) values (%s, 'T') returning id", larp)[0]
    other = world.one("insert into social_drafts (larp_id, title) values (%s, 'T') returning id", larp)[0]
    asset = "insert into social_draft_assets (draft_id, type, storage_path, thumbnail_path) values (%s, %s, %s, %s)"
    world.run(asset, draft, "photo", "shown", None)
    world.run(asset, other, "video", "else.mp4", "thumbnail")
    assert set(find(world).values()) == {False}
    age(world, "storage_path != 'young'")
    assert only(find(world), "has_old_rows")
    forgotten = forget_uploads(world.engine(), TidyLimits(), store.remove, actor="test")
    assert forgotten == {"old uploads": 4, "unused files": 2}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)
    assert world.one("select array_agg(storage_path) from social_uploads") == (["young"],)
    assert set(find(world).values()) == {False}


def age(world, which: str) -> None:
    with world.connect() as connection:
        connection.execute("alter table social_uploads disable trigger user")
        connection.execute(f"update social_uploads set updated_at = now() - interval '8 days' where {which}")
        connection.execute("alter table social_uploads enable trigger user")


def test_a_file_that_can_not_be_deleted_keeps_its_row(world):
    """The next run does it again."""

    def fail(path: str) -> None:
        raise MediaUnavailableError(f"{path} is away.", next_step="wait.")

    larp = world.add_page()
    world.run(
        "insert into social_uploads (larp_id, created_by, storage_path, mime_type, size_bytes, checksum_sha256)"
        " values (%s, 'anna', 'a', 'image/png', 1, repeat('a', 64))", larp,
    )  # fmt: skip
    age(world, "true")
    with pytest.raises(MediaUnavailableError):
        forget_uploads(world.engine(), TidyLimits(), fail, actor="test")
    assert world.one("select count(*) from social_uploads") == (1,)


def test_an_upload_that_is_taken_up_is_young_again(world):
    """So that its file is not deleted while a draft is being written."""
    larp = world.add_page()
    [upload] = world.one(
        "insert into social_uploads (larp_id, created_by, storage_path, mime_type, size_bytes, checksum_sha256)"
        " values (%s, 'anna', 'a', 'image/png', 1, repeat('a', 64)) returning id", larp,
    )  # fmt: skip
    age(world, "true")
    assert find_uploads(world.engine(), larp, [upload], actor="anna")[upload].storage_path == "a"
    assert set(find(world).values()) == {False}
