"""Indexes that a claim does not touch, and a guard that is not asked about it."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_sql_file("0014_hot.up")


def downgrade() -> None:
    run_sql_file("0014_hot.down")
