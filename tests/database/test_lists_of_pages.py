"""The two halves of a Page's posts, living and settled: every status is in one of them, and each half has its index."""

from __future__ import annotations

import pytest

from socialpub.models.statuses import PostStatus


@pytest.fixture
def posts(world):
    """One post of each status, as a restore would write them."""
    larp = world.add_page()
    ids = {status: world.schedule(larp) for status in PostStatus}
    with world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        for status, post in ids.items():
            is_owned = status in (PostStatus.QUEUED, PostStatus.PUBLISHING)
            connection.execute(
                "update social_scheduled_posts set status = %s, status_reason = 'Why.', claimed_by = %s,"
                " lease_expires_at = case when %s then now() end, published_at = case when %s then now() end,"
                " facebook_post_id = case when %s then id::text end where id = %s",
                (
                    status,
                    "run" if is_owned else None,
                    is_owned,
                    status == PostStatus.PUBLISHED,
                    status == PostStatus.PUBLISHED,
                    post,
                ),
            )
    return ids


def test_a_post_of_every_status_is_shown_once(world, posts):
    """By the view of both halves, whoever may read posts."""
    for login in ("backoffice_login", "airflow_login", "report_login"):
        with world.connect(login) as connection:
            shown = connection.execute("select status, id from social_posts_of_pages").fetchall()
        assert sorted(shown) == sorted((status.value, post) for status, post in posts.items())
