"""A backoffice that writes plain SQL can do its work, and can't break a promise."""

from __future__ import annotations

import psycopg
import pytest

APPROVE_ALL = (
    "insert into social_draft_approvals (draft_id, approver, decision) select id, 'ola', 'approved' from social_drafts"
)


@pytest.fixture
def larp(world):
    return world.add_page()


def refused(world, match: str, statement: str, *params, user: str = "backoffice_login") -> str:
    with pytest.raises(psycopg.Error, match=match) as error:
        world.run(statement, *params, user=user)
    return error.value.diag.message_hint or ""


def test_a_draft_its_approval_and_its_schedule_fit_into_one_transaction(world, larp):
    """Draft, approval and schedule may be written in one go; the draft's status follows."""
    with world.connect("backoffice_login") as connection, connection.transaction():
        draft = connection.execute(
            "insert into social_drafts (larp_id, title, body, status, created_by)"
            " values (%s, 'Zapisy', 'Tekst', 'approved', 'anna') returning id",
            (larp,),
        ).fetchone()
        connection.execute("insert into social_scheduled_posts (draft_id, publish_at) values (%s, now())", draft)
        connection.execute(
            "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')", draft
        )
    assert world.one("select status, scheduled_at is not null from social_drafts") == ("scheduled", True)


def test_the_long_way_round_works_too(world, larp):
    """draft → submit → approve → schedule → unschedule: each step by its own statement."""
    run = lambda sql, *p: world.run(sql, *p, user="backoffice_login")  # noqa: E731
    run("insert into social_drafts (larp_id, title, body, created_by) values (%s, 'T', 'B', 'anna')", larp)
    run("update social_drafts set status = 'pending_approval'")
    run(
        "insert into social_draft_approvals (draft_id, approver, decision)"
        " select id, 'ola', 'approved' from social_drafts"
    )
    assert world.one("select status from social_drafts") == ("approved",)
    run(
        "insert into social_scheduled_posts (draft_id, publish_at) select id, now() + interval '1 h' from social_drafts"
    )
    run("update social_scheduled_posts set publish_at = publish_at + interval '1 h'")
    run("update social_scheduled_posts set status = 'canceled'")
    assert world.one("select status, scheduled_at from social_drafts") == ("approved", None)
    assert world.one("select status_reason from social_scheduled_posts") == ("Canceled by backoffice_login",)


def test_a_rejection_returns_the_draft_to_its_author(world, larp):
    """A rejected draft is a draft again."""
    world.run(
        "insert into social_drafts (larp_id, title, body, status) values (%s, 'T', 'B', 'pending_approval')", larp
    )
    world.run(
        "insert into social_draft_approvals (draft_id, approver, decision, comment)"
        " select id, 'ola', 'rejected', 'typo' from social_drafts",
        user="backoffice_login",
    )
    assert world.one("select status from social_drafts") == ("draft",)


def test_an_unapproved_draft_is_not_scheduled(world, larp):
    """Neither without any approval nor with a status that only claims one."""
    world.run("insert into social_drafts (larp_id, title, body) values (%s, 'T', 'B')", larp)
    hint = refused(
        world, "only an approved draft",
        "insert into social_scheduled_posts (draft_id, publish_at) select id, now() from social_drafts",
    )  # fmt: skip
    assert "approved" in hint
    refused(
        world, "nobody approved",
        "insert into social_drafts (larp_id, title, body, status) values (%s, 'T', 'B', 'approved')", larp,
    )  # fmt: skip


def test_an_approval_of_older_words_does_not_count(world, larp):
    """An edit voids the approval and cancels the schedule in the same transaction."""
    post = world.schedule(larp, due_in=3600)
    world.run("update social_drafts set body = 'Inne słowa'", user="backoffice_login")
    assert world.one("select status, scheduled_at from social_drafts") == ("draft", None)
    assert world.one("select status, status_reason from social_scheduled_posts where id = %s", post) == (
        "canceled",
        "The draft was edited after its approval, by backoffice_login",
    )
    world.run("update social_drafts set status = 'pending_approval'")
    refused(world, "nobody approved", "update social_drafts set status = 'approved'")


def test_an_asset_that_changes_voids_the_approval_as_well(world, larp):
    """Approvers saw the pictures too."""
    world.schedule(larp, due_in=3600)
    world.run(
        "insert into social_draft_assets (draft_id, type, storage_path)"
        " select id, 'photo', 's3://a' from social_drafts",
        user="backoffice_login",
    )
    assert world.one("select status from social_drafts") == ("draft",)


@pytest.mark.parametrize(
    ("match", "column", "value"),
    [
        ("body_has_at_most_63000_characters", "body", "x" * 63_001),
        ("title_is_not_blank", "title", "  "),
        ("link_is_a_web_address", "link", "javascript:alert(1)"),
        ("link_is_a_web_address", "link", "https://larp.example/a\nb"),
        ("link_has_at_most_2048_characters", "link", "https://larp.example/" + "a" * 2048),
        ("draft_status_is_known", "status", "live"),
    ],
)
def test_bad_content_is_refused_by_name(world, larp, match, column, value):
    """The constraint that refuses is named like the sentence that explains it."""
    world.run("insert into social_drafts (larp_id, title, body) values (%s, 'T', 'B')", larp)
    with pytest.raises(psycopg.Error, match=f"{match}|can't become"):
        world.run(f"update social_drafts set {column} = %s", value, user="backoffice_login")


def test_an_empty_draft_cant_be_submitted(world, larp):
    """Nothing to publish is found out at submission, not at nine in the morning."""
    world.run("insert into social_drafts (larp_id, title) values (%s, 'T')", larp)
    refused(world, "nothing to publish", "update social_drafts set status = 'pending_approval'")


@pytest.mark.parametrize("status", ["queued", "publishing", "published", "failed", "missed", "unconfirmed"])
def test_only_the_publisher_moves_a_post(world, larp, status):
    """The backoffice may cancel a post and nothing else."""
    world.schedule(larp)
    refused(
        world, "can't become|Only the publisher|violates check",
        "update social_scheduled_posts set status = %s, status_reason = 'x'", status,
    )  # fmt: skip


def test_tokens_are_not_readable_and_outcomes_not_writable(world, larp):
    """Neither the backoffice nor a report can read a token; neither can write an outcome."""
    for user in ("backoffice_login", "report_login"):
        refused(world, "permission denied", "select access_token from facebook_page_connections", user=user)
        refused(world, "permission denied", "select * from facebook_page_connections", user=user)
    refused(world, "permission denied", "update social_scheduled_posts set facebook_post_id = '1_2'")
    refused(world, "permission denied", "insert into social_publish_attempts (attempt_number) values (1)")
    refused(world, "permission denied", "update social_scheduled_posts set publish_at = now()", user="airflow_login")


def test_a_plain_token_is_refused_even_for_the_owner(world, larp):
    """What is not encrypted does not get into the column."""
    refused(
        world,
        "tokens_are_encrypted",
        "update facebook_page_connections set access_token = 'EAAGplain'",
        user="postgres",
    )


def test_a_final_post_stays_as_it_is(world, larp):
    """Canceled is final: no move, no new time, no other reason."""
    world.schedule(larp)
    world.run("update social_scheduled_posts set status = 'canceled'")
    for change in ("status = 'pending'", "publish_at = now()", "status_reason = 'other'"):
        refused(world, "which is final", f"update social_scheduled_posts set {change}", user="postgres")


def test_a_draft_goes_out_once(world, larp):
    """A second live schedule of the same draft is refused; after a cancel there may be a new one."""
    world.schedule(larp)
    again = "insert into social_scheduled_posts (draft_id, publish_at) select id, now() from social_drafts"
    refused(world, "only an approved draft", again)
    world.run("update social_scheduled_posts set status = 'canceled'", user="backoffice_login")
    world.run(again, user="backoffice_login")
    assert world.one("select count(*) from social_scheduled_posts") == (2,)


def test_one_page_belongs_to_one_larp(world, larp):
    """Two LARPs on one Page would publish twice."""
    with pytest.raises(psycopg.Error, match="one_connection_per_page"):
        world.add_page()


def test_history_is_not_deleted(world, larp):
    """Drafts, posts and the audit log stay, for every login."""
    world.schedule(larp)
    for table in ("social_drafts", "social_scheduled_posts", "social_audit_log"):
        refused(world, "refused|permission", f"delete from {table}", user="postgres")
    refused(world, "refused", "update social_audit_log set actor = 'nobody'", user="postgres")
    refused(world, "refused", "truncate social_audit_log", user="postgres")


def test_every_change_is_audited_with_its_actor_and_without_tokens(world, larp):
    """The log names the person whom the writer named, and holds no token."""
    with world.connect("backoffice_login") as connection, connection.transaction():
        connection.execute("select set_config('socialpub.actor', 'anna@larp.example', true)")
        connection.execute("insert into social_drafts (larp_id, title, body) values (%s, 'T', 'B')", (larp,))
    assert world.one("select actor, action from social_audit_log order by id desc limit 1") == (
        "anna@larp.example",
        "draft.created",
    )
    assert world.one("select count(*) from social_audit_log where payload::text like '%%fernet:%%'") == (0,)


def test_events_are_written_with_the_change_they_report(world, larp):
    """Submitting and approving leave one event each."""
    world.run(
        "insert into social_drafts (larp_id, title, body, status) values (%s, 'T', 'B', 'pending_approval')", larp
    )
    world.run(APPROVE_ALL)
    with world.connect() as connection:
        events = [row[0] for row in connection.execute("select event from social_outbox order by id")]
    assert events == ["SocialDraftSubmittedEvent", "SocialDraftApprovedEvent"]


def test_an_unknown_time_zone_is_refused(world):
    """A typing error in a time zone shows when it is written, not when a post is shown."""
    refused(world, "time zone", "insert into larps (title, time_zone) values ('L', 'Europe/Warsawa')")


def test_a_temporary_table_cant_slip_under_the_rules(world, larp):
    """A login that shadows social_draft_approvals with a temporary table gains nothing."""
    with world.connect("backoffice_login") as connection, pytest.raises(psycopg.Error, match="nobody approved"):
        connection.execute("create temporary table social_draft_approvals (like public.social_draft_approvals)")
        connection.execute(
            "insert into public.social_drafts (larp_id, title, body, status) values (%s, 'T', 'B', 'approved')", (larp,)
        )


def test_an_edit_that_meets_the_send_waits_for_neither_side_and_wins_nothing(world, larp):
    """While the publisher holds the post, an edit gets a plain "try again" instead of a deadlock."""
    world.schedule(larp)
    with world.connect() as holder, holder.transaction():
        holder.execute("select 1 from social_scheduled_posts for update")
        hint = refused(world, "at this moment", "update social_drafts set body = 'Inne'")
    assert "Try again" in hint
    assert world.one("select status from social_drafts") == ("scheduled",)
