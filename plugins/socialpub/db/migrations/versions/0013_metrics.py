"""Counters, the last scan, and Pages to try on."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql_file("0013_metrics.up")


def downgrade() -> None:
    run_sql_file("0013_metrics.down")
