"""Starts a delivery when there is something to deliver, so that an idle minute costs one query and no task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_IS_DUE = """
select
    exists (select from social_outbox where routed_at is null)
    or exists (
        select from social_notifications
        where
            sent_at is null and dead_at is null and next_attempt_at <= now()
            and coalesce(lease_expires_at < now(), true)
    )
"""


class NotificationsDueTrigger(BaseEventTrigger):
    """Looks every `seconds` on one connection for ever, and yields an event when something is due.

    The DAG's own schedule delivers too, only later. So trouble of any kind is logged and waited out.
    """

    def __init__(self, connection_id: str = "socialpub_db", seconds: float = 20) -> None:
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
                        if await _is_due(connection):
                            yield TriggerEvent("Notifications are due.")  # type: ignore[no-untyped-call]
                            await asyncio.sleep(self.seconds)  # The run it started has time to take them.
                        await asyncio.sleep(self.seconds)
            except Exception as error:  # noqa: BLE001 - whatever it is, the DAG's own schedule works on
                self.log.warning(
                    "Notifications wait for the DAG's own schedule: %s. Next try in 30 s.",
                    str(error).strip() or type(error).__name__,
                )
                await asyncio.sleep(30)


async def _is_due(connection: AsyncConnection[Any]) -> bool:
    row = await (await connection.execute(_IS_DUE)).fetchone()
    return bool(row and row[0])
