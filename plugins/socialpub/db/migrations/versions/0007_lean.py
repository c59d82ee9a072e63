"""Fewer indexes, and no fact written twice."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql_file("0007_lean.up")


def downgrade() -> None:
    run_sql_file("0007_lean.down")
