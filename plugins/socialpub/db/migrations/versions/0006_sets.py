"""Triggers by set, and the wake-up."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql_file("0006_sets.up")


def downgrade() -> None:
    run_sql_file("0006_sets.down")
