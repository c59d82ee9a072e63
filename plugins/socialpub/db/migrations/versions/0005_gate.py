"""gate."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_sql_file("0005_gate.up")


def downgrade() -> None:
    run_sql_file("0005_gate.down")
