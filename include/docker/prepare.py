"""The init container: both databases, our schema and logins, Airflow's metadata. Idempotent: upgrades run it again."""

from __future__ import annotations

import os

from sqlalchemy import make_url

from local_stack.databases import create_databases, create_logins
from socialpub.db.schema import upgrade


def prepare(server_url: str, *, airflow_database: str, passwords: dict[str, str | None]) -> None:
    """`server_url` is a SQLAlchemy URL of the server's administrator, for the database `postgres`."""
    create_databases(server_url, [airflow_database, "socialpub"])
    upgrade(make_url(server_url).set(database="socialpub").render_as_string(hide_password=False))
    create_logins(server_url, passwords)


if __name__ == "__main__":
    prepare(
        os.environ["SERVER_URL"],
        airflow_database="airflow",
        passwords={
            "socialpub_airflow": os.environ["SOCIALPUB_DB_PASSWORD"],
            "socialpub_backoffice_app": os.environ["BACKOFFICE_DB_PASSWORD"],
        },
    )
    from local_stack.metadata import main

    main()
