"""Routes, notifications and digests."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_sql_file("0010_notifications.up")


def downgrade() -> None:
    run_sql_file("0010_notifications.down")
