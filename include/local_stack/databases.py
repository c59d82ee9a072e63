"""The two databases of an installation and the logins that may use them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import LiteralString

import psycopg
from psycopg import sql
from sqlalchemy import make_url

# login → the role of the schema it acts as
LOGINS = {"socialpub_airflow": "socialpub_worker", "socialpub_backoffice_app": "socialpub_backoffice"}


def create_databases(server_url: str, names: Sequence[str]) -> None:
    """Idempotent. `server_url` is a SQLAlchemy URL of a login that may create databases."""
    with _connect(server_url) as connection:
        known = _names(connection, "select datname from pg_database")
        for name in sorted(set(names) - known):
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))


def create_logins(server_url: str, passwords: Mapping[str, str | None] | None = None) -> None:
    """Create or renew `LOGINS`, once the schema with its roles is there. Without a password only the socket lets in."""
    with _connect(server_url) as connection:
        known = _names(connection, "select rolname from pg_roles")
        for login, role in LOGINS.items():
            if login not in known:
                connection.execute(
                    sql.SQL("create role {} login in role {}").format(sql.Identifier(login), sql.Identifier(role))
                )
            password = (passwords or {}).get(login)
            connection.execute(
                sql.SQL("alter role {} password {}").format(sql.Identifier(login), sql.Literal(password))
            )


def _names(connection: psycopg.Connection, query: LiteralString) -> set[str]:
    return {row[0] for row in connection.execute(query)}


def _connect(url: str) -> psycopg.Connection:
    libpq = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(libpq, autocommit=True)
