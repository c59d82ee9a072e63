"""Approval rules, wall times and the seals of the audit log."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql_file("0011_approvals.up")


def downgrade() -> None:
    run_sql_file("0011_approvals.down")
