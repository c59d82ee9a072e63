"""Airflow connection `socialpub_db` → engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowNotFoundException

from socialpub.errors import ConfigurationError

if TYPE_CHECKING:
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
