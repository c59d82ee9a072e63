"""The last look before a post leaves: nothing but what was approved passes, for the Page it was approved for."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from socialpub.db.engine import transaction
from socialpub.db.posts import Run, pass_fence
from socialpub.services.claim import ScanLimits, scan_due_posts
from socialpub.services.drafts.write import AssetContent
from tests.drafts.conftest import EDITS

RUN = Run("publish_due_posts", "scheduled__1")


def claimed(office, **content):
    """An approved draft that is due and claimed; returns its attempt and what was armed of it."""
    draft = office.pending(**content)
    office.approve(draft, "ola")
    office.edit("insert into social_scheduled_posts (draft_id, publish_at) values (%s, now())", draft)
    scan_due_posts(office.engine, RUN, ScanLimits())
    return draft, *office.world.one(
        "select attempt.id, draft.content_hash from social_publish_attempts as attempt, social_drafts as draft"
    )


def passes(office, attempt, content_hash) -> bool:
    lease, ahead = timedelta(minutes=3), timedelta(seconds=1)
    with transaction(office.engine, actor="test") as session:
        passed = pass_fence(session, RUN, attempt, content_hash=content_hash, lease=lease, fence_ahead=ahead)
    return passed is not None


@pytest.mark.parametrize("what", EDITS)
def test_what_was_edited_after_the_claim_does_not_pass(office, what):
    """By whatever part of it, and also if the lane comes with the new fingerprint in its hands."""
    photo = AssetContent("photo", "2027/1.jpg", checksum_sha256="a" * 64)
    draft, attempt, armed = claimed(office, assets=() if what == "link" else (photo,))
    office.edit(EDITS[what], draft, actor="anna")
    assert not passes(office, attempt, armed)
    assert not passes(office, attempt, office.read(draft).draft.content_hash)


def test_words_that_nobody_approved_do_not_pass_under_an_old_schedule(office):
    """Not even where somebody who owns the tables has put the status back, past every trigger."""
    _, attempt, armed = claimed(office)
    with office.world.connect() as connection, connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute("update social_drafts set body = 'Inne', content_hash = repeat('0', 64)")
    assert not passes(office, attempt, armed)
    assert not passes(office, attempt, "0" * 64)


@pytest.mark.parametrize(
    "loss",
    [
        "delete from social_draft_approvals",
        "delete from social_draft_approvals where approver = 'ola'",
        "update social_draft_approvals set approver = 'airflow:Ola'",
        "update social_draft_approvals set approver = 'anna' where approver = 'ola'",
        "update social_draft_approvals set decision = 'rejected' where approver = 'ola'",
        "update social_draft_approvals set review = review - 1 where approver = 'ola'",
        "update social_draft_approvals set content_hash = repeat('0', 64) where approver = 'ola'",
        "update social_draft_approvals set page_id = '1' where approver = 'ola'",
        "update social_drafts set editors = array['ola']",
    ],
)
def test_what_lacks_one_of_its_approvals_does_not_pass(office, loss):
    """Two were asked for, by two people; the fence counts them itself, however one was lost."""
    office.rule(2)
    draft = office.pending()
    office.approve(draft, "ola", "piotr")
    office.edit("insert into social_scheduled_posts (draft_id, publish_at) values (%s, now())", draft)
    scan_due_posts(office.engine, RUN, ScanLimits())
    attempt, armed = office.world.one(
        "select attempt.id, draft.content_hash from social_publish_attempts as attempt, social_drafts as draft"
    )
    with office.world.connect() as connection, connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute(loss)
    assert not passes(office, attempt, armed)


def test_a_rule_that_became_stricter_counts_for_decisions_to_come(office):
    _, attempt, armed = claimed(office)
    office.rule(2)
    assert passes(office, attempt, armed)


def test_what_is_as_it_was_approved_passes_once(office):
    """The other side of the fence."""
    _, attempt, armed = claimed(office)
    assert passes(office, attempt, armed)
    assert not passes(office, attempt, armed)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into social_drafts (larp_id, title) select larp_id, 'T' from social_drafts",
        "update social_drafts set body = 'Inne'",
        "insert into social_draft_approvals (draft_id, approver, decision) select id, 'x', 'approved'"
        " from social_drafts",
        "insert into social_approval_rules (larp_id) select larp_id from social_drafts",
    ],
)
def test_the_publisher_itself_writes_no_word_of_a_draft(office, statement):
    """Its login may become the backoffice for what people do; what it is by itself gives it nothing of that."""
    office.pending()
    with pytest.raises(psycopg.Error, match="permission denied"):
        office.world.run(statement, user="airflow_login")


def test_the_role_ends_with_the_transaction(office):
    """The next one on the same connection is the publisher's again."""
    office.draft()
    with transaction(office.engine, actor="test") as session:
        assert session.connection().exec_driver_sql("select current_user").scalar() == "airflow_login"
