"""The look that starts an announcement, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import time

from socialpub.triggers.posts_published import PostsPublishedTrigger


def test_it_is_silent_until_a_post_is_live_and_again_when_it_was_announced(world, monkeypatch):
    """As the publisher's own login; what only deliver_notifications wants to hear of starts nothing here."""
    connection = {
        "conn_type": "postgres", "host": world.server.socket_dir, "login": "airflow_login", "schema": world.name
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_SOCIALPUB_DB", json.dumps(connection))
    world.schedule(world.add_page())

    async def silent(event: asyncio.Task) -> bool:
        done, _ = await asyncio.wait([event], timeout=0.5)
        return not done

    async def talk():
        stream = PostsPublishedTrigger(seconds=0.1, at=0).run()
        event = asyncio.ensure_future(anext(stream))
        world.run("insert into social_outbox (event, dedupe_key) values ('x', 'k')")
        assert await silent(event)
        for move in (
            "set status = 'queued', claimed_by = 'r', lease_expires_at = now()", "set status = 'publishing'",
            "set status = 'published', published_at = now(), facebook_post_id = '1_1'",
        ):  # fmt: skip
            world.run(f"update social_scheduled_posts {move}")
        await event
        world.run("update social_outbox set announced_at = now()")
        event = asyncio.ensure_future(anext(stream))
        assert await silent(event)
        event.cancel()

    asyncio.run(asyncio.wait_for(talk(), 60))


def test_it_looks_once_a_minute_when_a_burst_is_over_and_the_scan_is_not_there_yet(monkeypatch):
    """Posts leave at full minutes; so many processes start then and at second 30 that one more would hold them up."""
    trigger = PostsPublishedTrigger()
    for second, pause in ((0, 15), (14.5, 0.5), (15, 60), (20, 55), (59, 16)):
        monkeypatch.setattr(time, "time", lambda second=second: 60 * 20_000_000 + second)
        assert trigger.seconds_to_next_look() == pause


def test_it_is_made_anew_from_what_airflow_stores_of_it():
    """The triggerer knows it by path and arguments alone."""
    path, arguments = PostsPublishedTrigger(seconds=5, at=1).serialize()
    assert path == "socialpub.triggers.posts_published.PostsPublishedTrigger"
    assert PostsPublishedTrigger(**arguments).serialize() == (path, arguments)
