"""tables."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql_file("0001_tables.up")


def downgrade() -> None:
    run_sql_file("0001_tables.down")
