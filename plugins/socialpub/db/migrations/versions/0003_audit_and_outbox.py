"""audit and outbox."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql_file("0003_audit_and_outbox.up")


def downgrade() -> None:
    run_sql_file("0003_audit_and_outbox.down")
