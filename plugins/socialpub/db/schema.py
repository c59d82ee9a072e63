"""Brings a database to the schema this version needs, and says plainly when it is not there yet."""

from __future__ import annotations

from collections.abc import Callable

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from socialpub.errors import SchemaError

VERSION_TABLE = "social_schema_version"


def upgrade(url: str, revision: str = "head") -> None:
    """Apply all migrations up to `revision`. The login of `url` must own the tables (or be able to create them)."""
    _run(url, lambda config: command.upgrade(config, revision))


def downgrade(url: str, revision: str) -> None:
    """Take migrations back down to `revision`; "base" takes all of them back and drops what the tables hold."""
    _run(url, lambda config: command.downgrade(config, revision))


def require_current_schema(connection: Connection) -> None:
    """Raise `SchemaError` unless the database has exactly the newest migration."""
    found = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
    needed = ScriptDirectory.from_config(_config()).get_current_head()
    if found != needed:
        raise SchemaError(
            f"The socialpub database has schema {found or 'none'}, this version needs {needed}.",
            next_step="run `python -m socialpub.db migrate` with the owner's SOCIALPUB_OWNER_URL.",
        )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "socialpub.db:migrations")
    config.set_main_option("path_separator", "os")
    return config


def _run(url: str, action: Callable[[Config], None]) -> None:
    engine = create_engine(url)
    config = _config()
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            action(config)
            connection.commit()
    finally:
        engine.dispose()
