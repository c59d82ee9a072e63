"""Publishing by hand: of a scheduled post, or of an approved draft that nobody scheduled yet."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from socialpub.db.posts import Run
from socialpub.errors import PostNotReadyError, UnknownPostError
from socialpub.services.publish_now import claim_post_by_hand

RUN = Run("publish_post_now", "manual__1")


def claim(world, wanted: UUID) -> UUID:
    return claim_post_by_hand(
        world.engine(), RUN, wanted, actor="airflow:ewa", reason="Storm", lease=timedelta(minutes=3)
    )


def test_an_approved_draft_without_a_schedule_gets_one_for_now(world):
    """With the rights of the publisher's own login, and the person as its author."""
    draft = world.add_draft(world.add_page())
    post = claim(world, draft)
    assert world.one(
        "select status, draft_id, created_by, requested_now_by, publish_at <= now() from social_scheduled_posts"
        " where id = %s", post
    ) == ("queued", draft, "airflow:ewa", "airflow:ewa", True)  # fmt: skip


def test_a_scheduled_draft_is_claimed_by_either_id(world):
    """And its planned time stays."""
    larp = world.add_page()
    post = world.schedule(larp, due_in=3600)
    (draft, planned) = world.one("select draft_id, publish_at from social_scheduled_posts")
    assert claim(world, draft) == post == claim(world, post)
    assert world.one("select publish_at from social_scheduled_posts") == (planned,)


@pytest.mark.parametrize("status", ["draft", "canceled"])
def test_a_draft_that_is_not_approved_is_refused_with_the_next_step(world, status):
    """Nothing is scheduled then."""
    draft = world.add_draft(world.add_page())
    world.run("update social_drafts set status = %s", status)
    with pytest.raises(PostNotReadyError, match="Next: let the draft be approved first"):
        claim(world, draft)
    assert world.one("select count(*) from social_scheduled_posts") == (0,)


def test_an_unknown_id_is_refused(world):
    """With where to copy the right one."""
    with pytest.raises(UnknownPostError, match="copy the id"):
        claim(world, uuid4())


def test_a_post_that_another_run_owns_is_refused(world):
    """Its status is in the message."""
    post = world.schedule(world.add_page())
    world.run("update social_scheduled_posts set status = 'queued', claimed_by = 'x/y', lease_expires_at = now()")
    with pytest.raises(PostNotReadyError, match="is “queued”"):
        claim(world, post)
