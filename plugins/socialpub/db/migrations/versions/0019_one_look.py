"""A new post looks its draft up once; its foreign keys are told, not asked."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    run_sql_file("0019_one_look.up")


def downgrade() -> None:
    run_sql_file("0019_one_look.down")
