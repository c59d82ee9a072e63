"""One person with two logins, approvals that the fence counts, assets in the audit log, and unused uploads."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_sql_file("0015_people.up")


def downgrade() -> None:
    run_sql_file("0015_people.down")
