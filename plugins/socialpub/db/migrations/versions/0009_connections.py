"""Pages connect, lose their tokens, reconnect and leave."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql_file("0009_connections.up")


def downgrade() -> None:
    run_sql_file("0009_connections.down")
