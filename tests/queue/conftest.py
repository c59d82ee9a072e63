"""Posts in every state that a list shows, on a Page with nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Engine

from tests.conftest import World

FORCE = """
update social_scheduled_posts set status = %s, status_reason = 'Facebook said no. Next: try again.',
    claimed_by = case when %s in ('queued', 'publishing') then 'dag/run' end,
    lease_expires_at = case when %s in ('queued', 'publishing') then now() + interval '3 minutes' end,
    published_at = case when %s = 'published' then publish_at + interval '2 seconds' end,
    facebook_post_id = case when %s in ('published', 'handed_over') then '200000000000001_' || %s end,
    requested_now_at = case when %s then now() end,
    requested_now_by = case when %s then 'ola' end,
    requested_now_reason = case when %s then 'now' end
where id = %s
"""


def force(world: World, post_id: UUID, status: str, *, number: int = 1, is_by_hand: bool = False) -> None:
    """Give the post a status as if all had happened that leads there, with its draft where that puts it."""
    with world.connect() as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(FORCE, [*[status] * 5, str(number), *[is_by_hand] * 3, post_id])
        if status in ("failed", "missed"):
            connection.execute(
                "update social_drafts set status = 'failed' from social_scheduled_posts as post"
                " where post.draft_id = social_drafts.id and post.id = %s",
                [post_id],
            )


@pytest.fixture
def engine(world: World) -> Iterator[Engine]:
    engine = world.engine()
    yield engine
    engine.dispose()


@pytest.fixture
def larp(world: World) -> UUID:
    return world.add_page()
