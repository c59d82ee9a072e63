"""Where the plain SQL lives: `include/sql` of a checkout, `socialpub/sql` of an installed wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


@cache
def sql_folder() -> Path:
    """The folder that holds `migrations/` and `queries/`."""
    installed = _PACKAGE / "sql"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "include" / "sql"


@cache
def read_query(name: str) -> str:
    """The text of `queries/<name>.sql`: one statement, one file, its reason on top."""
    return (sql_folder() / "queries" / f"{name}.sql").read_text(encoding="utf-8")


def read_migration(name: str) -> str:
    """The text of `migrations/<name>.sql`; the name ends in `.up` or `.down`."""
    return (sql_folder() / "migrations" / f"{name}.sql").read_text(encoding="utf-8")
