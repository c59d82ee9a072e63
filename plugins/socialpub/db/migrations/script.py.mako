"""${message}."""

from __future__ import annotations

from socialpub.db.migrations import run_sql_file

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    run_sql_file("${up_revision}_${message}.up")


def downgrade() -> None:
    run_sql_file("${up_revision}_${message}.down")
