"""The look that starts a delivery, on a real PostgreSQL."""

from __future__ import annotations

import asyncio
import json

from socialpub.triggers.notifications_due import NotificationsDueTrigger


def test_it_is_silent_until_an_event_or_a_message_is_due(world, monkeypatch):
    """An event, a message whose time comes, one whose lease ends, posts that nobody scans; not for what is settled."""
    connection = {
        "conn_type": "postgres", "host": world.server.socket_dir, "login": "airflow_login", "schema": world.name
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_SOCIALPUB_DB", json.dumps(connection))
    insert = (
        "insert into social_notifications (event, group_key, channel, recipient, dedupe_key, next_attempt_at)"
        " values ('x', 'x', 'slack', '', 'k', now() + interval '1 hour')"
    )

    world.schedule(world.add_page(), due_in=3600)
    world.run("update social_outbox set routed_at = now()")

    async def silent(event: asyncio.Task) -> bool:
        done, _ = await asyncio.wait([event], timeout=1)
        return not done

    async def talk():
        stream = NotificationsDueTrigger(seconds=0.1).run()
        event = asyncio.ensure_future(anext(stream))
        assert await silent(event)
        world.run("insert into social_outbox (event, dedupe_key) values ('x', 'k')")
        await event
        world.run("update social_outbox set routed_at = now()")
        world.run(insert)
        event = asyncio.ensure_future(anext(stream))
        assert await silent(event)
        world.run("update social_notifications set next_attempt_at = now(), lease_expires_at = now() + interval '2 s'")
        assert await silent(event)
        await event
        world.run("update social_notifications set sent_at = now()")
        event = asyncio.ensure_future(anext(stream))
        assert await silent(event)
        world.run("update social_scheduled_posts set publish_at = now() - interval '10 minutes'")
        await event
        assert world.one("select count(*) from social_outbox where event = 'stack_unhealthy'") == (1,)
        world.run("update social_outbox set routed_at = now()")
        event = asyncio.ensure_future(anext(stream))
        assert await silent(event)  # Told once an hour.
        event.cancel()

    asyncio.run(asyncio.wait_for(talk(), 60))
