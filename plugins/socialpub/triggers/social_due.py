"""The wake-up: starts a scan when the database says that something becomes due before the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from psycopg import AsyncConnection

CHANNEL = "social_due"
_BURST_SECONDS = 0.2  # Many small transactions that come together start one scan.
_ALIVE_SECONDS = 60  # A connection that is silent for longer is asked whether it still exists.
_BACK_OFF_SECONDS = (1, 2, 5, 10, 30)


class SocialDueTrigger(BaseEventTrigger):
    """Listens on one connection for ever and yields one event a burst of notifications.

    It is only a wake-up: the scan of every minute finds all that a lost notification would have told. So trouble of any
    kind is logged and waited out.
    """

    def __init__(self, connection_id: str = "socialpub_db") -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow's own is not annotated
        self.connection_id = connection_id

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return f"{type(self).__module__}.{type(self).__qualname__}", {"connection_id": self.connection_id}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        failures, was_cut_off = 0, False
        while True:
            try:
                async with await self._listen() as connection:
                    self.log.info("Listening on %s for posts that are due soon.", CHANNEL)
                    failures = 0
                    if was_cut_off:
                        yield _event("The connection was cut; notifications may be lost.")
                    while True:
                        if await _wait_for_burst(connection):
                            yield _event("A post is due soon.")
            except Exception as error:  # noqa: BLE001 - whatever it is, the cron scan works on, and so must this
                was_cut_off = True
                pause = _BACK_OFF_SECONDS[min(failures, len(_BACK_OFF_SECONDS) - 1)]
                failures += 1
                self.log.warning(
                    "No wake-ups for now, posts wait for the scan of each minute: %s. Next try in %d s.",
                    str(error).strip() or type(error).__name__,
                    pause,
                )
                await asyncio.sleep(pause)

    async def _listen(self) -> AsyncConnection[Any]:
        from socialpub.hooks.database import connect_asynchronously

        connection = await connect_asynchronously(self.connection_id)
        await connection.execute(f"listen {CHANNEL}")
        return connection


def _event(why: str) -> TriggerEvent:
    return TriggerEvent(why)  # type: ignore[no-untyped-call] # Airflow's own is not annotated


async def _wait_for_burst(connection: AsyncConnection[Any]) -> bool:
    """Whether a notification came, with all that followed shortly; False after a while of silence, connection alive."""
    async with aclosing(connection.notifies(timeout=_ALIVE_SECONDS, stop_after=1)) as notifications:
        async for _ in notifications:
            await asyncio.sleep(_BURST_SECONDS)
            break
        else:
            await connection.execute("select 1")
            return False
    async with aclosing(connection.notifies(timeout=0)) as rest:
        async for _ in rest:
            pass
    return True
