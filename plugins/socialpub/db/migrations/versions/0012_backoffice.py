"""The webhook's events in order, answers given again, uploads, and revoked tokens."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_sql_file("0012_backoffice.up")


def downgrade() -> None:
    run_sql_file("0012_backoffice.down")
