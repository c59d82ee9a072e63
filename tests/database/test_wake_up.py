"""NOTIFY social_due: raised for what a person plans for soon, never by the publisher's own moves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from socialpub.db import posts as statements
from socialpub.db.engine import transaction
from socialpub.db.posts import Run
from socialpub.services.claim import ScanLimits, scan_due_posts

RUN = Run("publish_due_posts", "scheduled__1")


@pytest.fixture
def heard(world):
    """How many notifications arrived since it was asked last."""
    with world.connect("airflow_login") as listener:
        listener.execute("listen social_due")
        yield lambda: len(list(listener.notifies(timeout=0.3)))


def test_a_post_that_is_due_before_the_next_scan_wakes_it(world, heard):
    """Due now or within the claim-ahead notifies; due later does not."""
    larp = world.add_page()
    world.schedule(larp)
    assert heard() == 1
    world.schedule(larp, due_in=70, body="Zaraz")
    assert heard() == 1
    world.schedule(larp, due_in=90, body="Później")
    assert heard() == 0


def test_a_post_that_a_person_moves_to_soon_wakes_the_scan(world, heard):
    """Moved to now by the backoffice notifies; moved away does not."""
    world.schedule(world.add_page(), due_in=3600)
    world.run("update social_scheduled_posts set publish_at = now()", user="backoffice_login")
    assert heard() == 1
    world.run("update social_scheduled_posts set publish_at = now() + interval '1 h'", user="backoffice_login")
    assert heard() == 0


def test_a_transaction_that_schedules_many_wakes_once(world, heard):
    """Fifty statements of one transaction are one notification."""
    larp = world.add_page()
    drafts = [world.add_draft(larp, body=f"Post {n}") for n in range(50)]
    with world.connect("backoffice_login") as connection, connection.transaction():
        for draft in drafts:
            connection.execute("insert into social_scheduled_posts (draft_id, publish_at) values (%s, now())", (draft,))
    assert heard() == 1


def test_the_publishers_own_moves_wake_nobody(world, heard):
    """Claim, release and rescue of a due post start no scan: else a held post would keep scans running for ever."""
    post = world.schedule(world.add_page())
    engine = world.engine()
    assert heard() == 1
    scan_due_posts(engine, RUN, ScanLimits())
    with transaction(engine, actor="test") as session:
        statements.release_posts(session, RUN, [post], reason="test", hold_for=timedelta(0))
    assert world.status(post) == "pending"
    scan_due_posts(engine, RUN, ScanLimits())
    world.run("update social_scheduled_posts set lease_expires_at = now() - interval '1 s'")
    assert scan_due_posts(engine, Run("publish_due_posts", "scheduled__2"), ScanLimits()).released == 1
    assert heard() == 0
