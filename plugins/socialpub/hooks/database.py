"""Airflow connection `socialpub_db` → engine, or one connection for an event loop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowNotFoundException

from socialpub.errors import ConfigurationError

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from sqlalchemy import Engine

DATABASE_CONNECTION_ID = "socialpub_db"


def open_database(*, pool_size: int = 4) -> Engine:
    """The socialpub database, not connected yet: the first transaction says if it can't be reached.

    Raises `ConfigurationError` without the Airflow connection.
    """
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    from socialpub.db.engine import open_engine

    try:
        url = PostgresHook(DATABASE_CONNECTION_ID).sqlalchemy_url
    except AirflowNotFoundException as error:
        raise ConfigurationError(
            f"There is no Airflow connection “{DATABASE_CONNECTION_ID}”.",
            next_step="add it (type Postgres) under Admin → Connections, "
            f"or set AIRFLOW_CONN_{DATABASE_CONNECTION_ID.upper()}.",
        ) from error
    return open_engine(url, pool_size=pool_size)


async def connect_asynchronously(
    connection_id: str = DATABASE_CONNECTION_ID, *, application_name: str = "socialpub wake-up"
) -> AsyncConnection[Any]:
    """One autocommitting connection for an event loop. Raises what Airflow and psycopg raise."""
    from airflow.sdk import BaseHook
    from psycopg import AsyncConnection

    found = await BaseHook.aget_connection(connection_id)
    return await AsyncConnection.connect(
        host=found.host,
        port=found.port,
        user=found.login,
        password=found.password,
        dbname=found.schema,
        application_name=application_name,
        connect_timeout=10,
        keepalives_idle=30,
        autocommit=True,
        # The same place where PostgresHook looks for sslmode and the like.
        **found.extra_dejson.get("sqlalchemy_query", {}),
    )
