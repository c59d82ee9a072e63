"""The engine and its transactions: every one knows its actor, and an unreachable database says so in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, TextClause, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from socialpub.errors import DatabaseUnavailableError, SchemaError

# Lock wait over, statement too long, deadlock, serialization failure: nothing was done, and later it may work.
_BUSY = {"55P03", "57014", "40P01", "40001"}

# No statement of ours takes long; one that does is stuck, and a stuck worker must not outlive its lease. In UTC a day
# has 24 hours, and no instant comes back as a wall time that a zone's clock shows twice.
_CONNECT_ARGS = {
    "connect_timeout": 5,
    "application_name": "socialpub",
    "options": "-c statement_timeout=20s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"
    " -c timezone=UTC",
}


def open_engine(url: str | URL, *, pool_size: int = 4) -> Engine:
    """An engine for one process. `pool_size` connections serve its threads; more wait for a free one."""
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=20,
        connect_args=_CONNECT_ARGS,
        hide_parameters=True,  # An error's text must not carry posts or tokens into a log.
    )


_NAME_ACTOR = text("select set_config('socialpub.actor', :actor, true)")


@contextmanager
def transaction(engine: Engine, *, actor: str, opening: TextClause = _NAME_ACTOR, **named: str) -> Iterator[Session]:
    """One transaction, committed at the end. `actor` is whom the audit log names.

    `opening` is its first statement, for who sets more than the actor: each statement is a round trip. `named` are the
    other values in it.

    Raises `DatabaseUnavailableError` when the server can't be reached, goes away or is too busy; nothing was committed
    then, unless it went away during the commit itself. Raises `SchemaError` when a table or column is missing.
    """
    with _told_plainly(), Session(engine, expire_on_commit=False) as session, session.begin():
        session.execute(opening, {"actor": actor, **named})
        yield session


@contextmanager
def look(engine: Engine) -> Iterator[Connection]:
    """A connection for a single read: no transaction around it, which saves two thirds of the way to the server.

    Raises what `transaction` raises.
    """
    with _told_plainly(), engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection


@contextmanager
def _told_plainly() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailableError(
            "All connections of this process to the socialpub database have been busy for 20 s.",
            next_step="look in pg_stat_activity for who holds the lock or the load; nothing was changed.",
        ) from error
    except DBAPIError as error:
        raise _translated(error) or error from error


def _translated(error: DBAPIError) -> Exception | None:
    sqlstate = getattr(error.orig, "sqlstate", None) or ""
    if error.connection_invalidated or sqlstate[:2] in ("08", "53") or sqlstate[:3] == "57P" or _never_connected(error):
        return DatabaseUnavailableError(
            f"The socialpub database can't be reached: {_first_line(error)}.",
            next_step="check that the server of Airflow connection socialpub_db runs and takes connections.",
        )
    if sqlstate in _BUSY:
        return DatabaseUnavailableError(
            f"The socialpub database is busy: {_first_line(error)}.",
            next_step="look in pg_stat_activity for who holds the lock or the load; nothing was changed.",
        )
    if sqlstate in ("42P01", "42703"):
        return SchemaError(
            f"The socialpub database lacks what this version needs: {_first_line(error)}.",
            next_step="run `python -m socialpub.db migrate` with the owner's SOCIALPUB_OWNER_URL.",
        )
    return None


def _never_connected(error: DBAPIError) -> bool:
    # psycopg raises OperationalError without a SQLSTATE when it gets no connection at all.
    return type(error.orig).__name__ in ("OperationalError", "ConnectionTimeout") and not getattr(
        error.orig, "sqlstate", None
    )


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip().splitlines() or ["no details"])[0].rstrip(".")
