"""Starts a delivery when there is something to deliver, so that an idle minute costs one query and no task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from psycopg import AsyncConnection


class NotificationsDueTrigger(BaseEventTrigger):
    """Looks every `seconds` on one connection for ever, and yields an event when something is due.

    A minute at most may pass before a message leaves, the start of its task included. The DAG's own schedule delivers
    too, only later. So trouble of any kind is logged and waited out.
    """

    def __init__(self, connection_id: str = "socialpub_db", seconds: float = 50) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow's own is not annotated
        self.connection_id = connection_id
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        arguments = {"connection_id": self.connection_id, "seconds": self.seconds}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        from socialpub.hooks.database import connect_asynchronously

        while True:
            try:
                async with await connect_asynchronously(
                    self.connection_id, application_name="socialpub notifications"
                ) as connection:
                    while True:
                        await asyncio.sleep(self.seconds)  # At first too: a stack that just came back scans first.
                        if await _has_news(connection):
                            yield TriggerEvent("Notifications are due.")  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001 - whatever it is, the DAG's own schedule works on
                self.log.warning(
                    "Notifications wait for the DAG's own schedule: %s. Next try in 30 s.",
                    str(error).strip() or type(error).__name__,
                )
                await asyncio.sleep(30)


async def _has_news(connection: AsyncConnection[Any]) -> bool:
    row = await (await connection.execute("select social_has_news()")).fetchone()
    return bool(row and row[0])
