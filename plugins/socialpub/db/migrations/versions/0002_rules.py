"""rules."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql_file("0002_rules.up")


def downgrade() -> None:
    run_sql_file("0002_rules.down")
