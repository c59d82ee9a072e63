"""Alembic runs this for every command; `socialpub.db.schema` hands the connection over."""

from __future__ import annotations

from alembic import context

from socialpub.db.schema import VERSION_TABLE
from socialpub.models import Base

connection = context.config.attributes["connection"]
# SECURITY DEFINER functions keep the search path of this moment. Temporary tables come last in it, so that no login
# can slip a table of its own under them.
connection.exec_driver_sql("select set_config('search_path', quote_ident(current_schema()) || ', pg_temp', false)")
connection.commit()
context.configure(connection=connection, target_metadata=Base.metadata, version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
