"""Starts a DAG when the database says that there is something to do: an idle minute costs one query and no task."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

if TYPE_CHECKING:
    from psycopg import AsyncConnection


class LookingTrigger(BaseEventTrigger):
    """Asks one question again and again on one connection for ever, and yields an event for each yes.

    The DAG's own schedule does the work too, only later. So trouble of any kind is logged and waited out.
    """

    question: ClassVar[str]
    """A query of one row with one boolean."""
    subject: ClassVar[str]
    """What there is, in the plural, when the answer is yes."""

    def __init__(self, connection_id: str = "socialpub_db") -> None:
        super().__init__()  # type: ignore[no-untyped-call] # Airflow's own is not annotated
        self.connection_id = connection_id

    @abstractmethod
    def seconds_to_next_look(self) -> float:
        """How long to wait now, before the first look too: a stack that just came back scans first."""

    async def run(self) -> AsyncIterator[TriggerEvent]:
        from socialpub.hooks.database import connect_asynchronously

        while True:
            try:
                async with await connect_asynchronously(
                    self.connection_id, application_name=f"socialpub {self.subject}".lower()
                ) as connection:
                    while True:
                        await asyncio.sleep(self.seconds_to_next_look())
                        if await self._look(connection):
                            yield TriggerEvent(f"{self.subject} are due.")  # type: ignore[no-untyped-call]
            except Exception as error:  # noqa: BLE001 - whatever it is, the DAG's own schedule works on
                self.log.warning(
                    "%s wait for the DAG's own schedule: %s. Next try in 30 s.",
                    self.subject,
                    str(error).strip() or type(error).__name__,
                )
                await asyncio.sleep(30)

    async def _look(self, connection: AsyncConnection[Any]) -> bool:
        row = await (await connection.execute(self.question)).fetchone()
        return bool(row and row[0])
