"""Published posts that Airflow was told of."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_sql_file("0017_announcements.up")


def downgrade() -> None:
    run_sql_file("0017_announcements.down")
