"""A claim writes no index and is not judged twice, and neither is a way around a rule."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from socialpub.db import posts as statements
from socialpub.db.engine import transaction
from socialpub.db.posts import Run
from socialpub.services.arm import load_posts
from socialpub.services.claim import ScanLimits

RUN = Run("publish_due_posts", "scheduled__2026-11-26T12:00:30+00:00")
POSTS = 40
CLAIM = """
update social_scheduled_posts
set status = 'queued', claimed_by = 'run/1', lease_expires_at = now() + interval '1 min'
"""


@pytest.fixture
def posts(world):
    return [world.schedule(world.add_page(str(500 + n)), due_in=30, body=f"Post {n}") for n in range(POSTS)]


UPDATES = "select n_tup_upd, n_tup_hot_upd from pg_stat_xact_user_tables where relname = 'social_scheduled_posts'"
"""Those of this session: all of them, and those that no index heard of."""


def test_claim_and_fence_write_no_index(world, posts):
    """A claimed version lies beside the one before, and each index still names the first; so do most of the fence."""
    engine = world.engine(pool_size=1)
    limits = ScanLimits()
    with transaction(engine, actor=str(RUN)) as session:
        claimed = statements.claim_due_posts(
            session, RUN, claim_ahead=limits.claim_ahead, overdue_after=limits.overdue_after, lease=limits.lease,
            max_posts=limits.max_posts,
        )  # fmt: skip
        assert session.execute(text(UPDATES)).one() == (POSTS, POSTS)
    engine.dispose()  # A session counts on until its end.
    loaded = load_posts(engine, RUN, [post.id for post in claimed])
    with transaction(engine, actor=str(RUN)) as session:
        hashes = {post.attempt.id: post.content_hash for post in loaded if post.attempt}
        times = {"lease": timedelta(minutes=3), "fence_ahead": timedelta(minutes=1)}
        assert len(statements.pass_fences(session, RUN, hashes, **times)) == POSTS
        made, light = session.execute(text(UPDATES)).one()
    assert made == POSTS
    assert light >= 0.8 * POSTS
    engine.dispose()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("content_hash = repeat('0', 64)", "keeps its draft, Page and content"),
        ("created_by = 'eva'", "keeps its draft, Page and content"),
        ("id = gen_random_uuid()", "keeps its draft, Page and content"),
        ("publish_at = publish_at + interval '1 min'", "its time can change only while"),
    ],
)
def test_a_claim_that_changes_anything_else_is_judged(world, posts, change, said):
    """What a post keeps, it keeps in a claim too, whoever writes it and whatever he says of the time of the update."""
    with pytest.raises(psycopg.errors.CheckViolation, match=said):
        world.run(f"{CLAIM}, updated_at = now(), {change}")


def test_only_the_publisher_claims(world, posts):
    """A backoffice is refused, by its grants and, had it them, by the guard."""
    world.run("grant update on social_scheduled_posts to socialpub_backoffice")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="Only the publisher moves"):
        world.run(f"{CLAIM}, updated_at = now()", user="backoffice_login")


def test_an_update_says_when_it_was(world, posts):
    """Whatever the publisher writes as updated_at, with a claim or without, the row gets the time of the update."""
    world.run(f"{CLAIM}, updated_at = '2000-01-01'", user="airflow_login")
    assert world.one("select count(*) from social_scheduled_posts where updated_at > created_at") == (POSTS,)
    world.run("update social_scheduled_posts set updated_at = '2000-01-01'", user="airflow_login")
    assert world.one("select count(*) from social_scheduled_posts where updated_at > created_at") == (POSTS,)


@pytest.mark.parametrize(
    "put_off",
    ["next_attempt_at = now() + interval '3 h'", "next_attempt_at = null"],
    ids=["waits for its retry", "due in half a minute"],
)
def test_what_a_run_owns_is_found_without_an_index_of_its_own(world, posts, put_off):
    """A post on its way is in the view, whenever it is due; one that waits is not."""
    with world.connect() as connection:
        connection.execute(f"{CLAIM}, {put_off} where id = %s", [posts[0]])
    assert world.one("select array_agg(id) from social_posts_on_their_way") == ([posts[0]],)


def test_a_hand_over_on_its_way_is_found_weeks_ahead(world):
    """Its post is due long after its lease ends; its open attempt leads to it."""
    post = world.schedule(world.add_page(), due_in=20 * 86_400)
    world.run(CLAIM)
    world.run(
        "insert into social_publish_attempts (scheduled_post_id, attempt_number, dag_id, run_id, is_hand_over)"
        " select id, 1, 'verify', 'run/1', true from social_scheduled_posts"
    )
    assert world.one("select array_agg(id) from social_posts_on_their_way") == ([post],)
