"""Routes, revoked tokens and second chances of messages in the audit log."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    run_sql_file("0018_audited_settings.up")


def downgrade() -> None:
    run_sql_file("0018_audited_settings.down")
