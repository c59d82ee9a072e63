"""roles."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_sql_file("0004_roles.up")


def downgrade() -> None:
    run_sql_file("0004_roles.down")
