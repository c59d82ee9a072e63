"""Alembic's environment. Each revision executes the SQL file of its number from `include/sql/migrations`."""

from __future__ import annotations

from alembic import op

from socialpub.db.sql_files import read_migration


def run_sql_file(name: str) -> None:
    """Execute a whole SQL file as written: no parameters, so that a colon or percent sign means itself."""
    op.get_bind().execution_options(no_parameters=True).exec_driver_sql(read_migration(name))
