"""Photos, videos, first comments and native schedules."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql_file("0008_media.up")


def downgrade() -> None:
    run_sql_file("0008_media.down")
