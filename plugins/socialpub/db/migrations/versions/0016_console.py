"""Indexes for the console's lists."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_sql_file("0016_console.up")


def downgrade() -> None:
    run_sql_file("0016_console.down")
