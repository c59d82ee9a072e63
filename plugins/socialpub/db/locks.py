"""Work that must not be done twice at once and takes longer than a transaction may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Engine, text

_UPLOADS = 0x50C1A1  # Tells these locks from any other advisory lock in the database.


@contextmanager
def upload_lock(engine: Engine, draft_id: UUID) -> Iterator[None]:
    """Be the only one who uploads the draft's assets; waits for another. It is let go when the process dies.

    It holds a connection of its own, outside any transaction.
    """
    key = {"space": _UPLOADS, "draft": str(draft_id)}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("set lock_timeout = 0"))
        connection.execute(text("set statement_timeout = 0"))
        connection.execute(text("select pg_advisory_lock(:space, hashtext(:draft))"), key)
        try:
            yield
        finally:
            connection.execute(text("select pg_advisory_unlock(:space, hashtext(:draft))"), key)
            connection.invalidate()  # Its settings are not for others.
