"""The listener that wakes the scan, on a real PostgreSQL that comes and goes."""

from __future__ import annotations

import asyncio
import json

import pytest

from socialpub.triggers.social_due import SocialDueTrigger


@pytest.fixture
def events(world, monkeypatch):
    """Runs a conversation with the trigger's stream of events; `world` is its database."""
    connection = {
        "conn_type": "postgres", "host": world.server.socket_dir, "login": "airflow_login", "schema": world.name
    }  # fmt: skip
    monkeypatch.setenv("AIRFLOW_CONN_SOCIALPUB_DB", json.dumps(connection))

    def converse(talk):
        async def run():
            stream = SocialDueTrigger().run()
            try:
                await talk(stream)
            finally:
                await stream.aclose()

        asyncio.run(asyncio.wait_for(run(), 60))

    return converse


async def listening(world) -> None:
    listeners = (
        "select count(*) from pg_stat_activity where query = 'listen social_due' and state = 'idle' and datname = %s"
    )
    while world.one(listeners, world.name) != (1,):  # noqa: ASYNC110 - the database can't set an event of ours
        await asyncio.sleep(0.05)


async def silent(event: asyncio.Task) -> bool:
    done, _ = await asyncio.wait([event], timeout=1)
    return not done


def next_event(stream) -> asyncio.Task:
    return asyncio.ensure_future(anext(stream))


def test_a_burst_of_notifications_is_one_event(world, events):
    """Twenty commits at once wake the scan once, and the next one wakes it again."""

    async def talk(stream):
        event = next_event(stream)
        await listening(world)
        assert await silent(event)
        for _ in range(20):
            world.run("select pg_notify('social_due', '')")
        await event
        event = next_event(stream)
        assert await silent(event)
        world.run("select pg_notify('social_due', '')")
        await event

    events(talk)


def test_after_a_cut_connection_it_listens_again_and_assumes_that_it_missed_something(world, events):
    """The server ends the connection: one event for what may be lost, then notifications are heard as before."""

    async def talk(stream):
        event = next_event(stream)
        await listening(world)
        world.run("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'socialpub wake-up'")
        assert "may be lost" in str((await event).payload)
        event = next_event(stream)
        assert await silent(event)
        world.run("select pg_notify('social_due', '')")
        assert "due soon" in str((await event).payload)

    events(talk)


def test_it_waits_for_a_database_that_is_not_there_yet(world, events, monkeypatch):
    """Without a database it says so and tries again, instead of ending."""
    monkeypatch.setattr("socialpub.triggers.social_due._BACK_OFF_SECONDS", (0.1,))
    world.run("alter role airflow_login nologin")

    async def talk(stream):
        event = next_event(stream)
        assert await silent(event)
        world.run("alter role airflow_login login")
        await event

    try:
        events(talk)
    finally:
        world.run("alter role airflow_login login")
