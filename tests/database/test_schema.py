"""The migrations and the models tell the same story."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine

from socialpub.db.schema import VERSION_TABLE, downgrade, require_current_schema, upgrade
from socialpub.errors import SchemaError
from socialpub.models import Base, DraftStatus, PostStatus
from socialpub.models.statuses import DRAFT_MOVES, FINAL, POST_MOVES

REVISIONS = ["base", *(f"{number:04}" for number in range(1, 18))]


def test_models_and_migrated_schema_agree(world):
    """Alembic, asked for what is missing between models and database, finds nothing."""
    with create_engine(world.url("postgres")).connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, "version_table": VERSION_TABLE}
        )
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.parametrize("below", REVISIONS[:-1])
def test_each_migration_runs_down_and_up_again(world, below):
    """Going down to any revision and up again ends in the very same schema."""
    before = _describe(world)
    downgrade(world.url("postgres"), below)
    assert _describe(world) != before
    upgrade(world.url("postgres"))
    assert _describe(world) == before


def test_going_down_leaves_exactly_what_was_there_before(world):
    """The schema below the newest migration is the same whether one comes from above or from nothing."""
    downgrade(world.url("postgres"), REVISIONS[-2])
    from_above = _describe(world)
    downgrade(world.url("postgres"), "base")
    upgrade(world.url("postgres"), REVISIONS[-2])
    assert _describe(world) == from_above


def _describe(world) -> list[tuple]:
    with world.connect() as connection:
        return connection.execute(
            """
            select 'column', table_name, column_name, data_type, coalesce(column_default, '') || is_nullable
            from information_schema.columns where table_schema = 'public' and table_name != 'social_schema_version'
            union all
            select 'routine', p.oid::regprocedure::text, '', '',
                case prokind when 'a' then 'aggregate' else md5(pg_get_functiondef(p.oid)) end from pg_proc as p
            where pronamespace = 'public'::regnamespace
            union all
            select 'trigger', tgrelid::regclass::text, tgname, tgenabled::text, pg_get_triggerdef(oid) from pg_trigger
            where not tgisinternal
            union all
            select 'constraint', conrelid::regclass::text, conname, '', pg_get_constraintdef(oid) from pg_constraint
            where connamespace = 'public'::regnamespace and conrelid != 'social_schema_version'::regclass
            union all
            select 'index', tablename, indexname, '', indexdef from pg_indexes
            where schemaname = 'public' and tablename != 'social_schema_version'
            union all
            select 'grant', table_name, column_name, grantee, privilege_type from information_schema.column_privileges
            where grantee like 'socialpub_%'
            order by 1, 2, 3, 4, 5
            """
        ).fetchall()


def test_legal_moves_in_python_and_in_the_database_are_the_same(world):
    """Each of the two sides answers alike for every pair of statuses."""
    with world.connect() as connection:
        for function, statuses, moves in (
            ("social_is_legal_draft_move", DraftStatus, DRAFT_MOVES),
            ("social_is_legal_post_move", PostStatus, POST_MOVES),
        ):
            for old in statuses:
                for new in statuses:
                    row = connection.execute(f"select {function}(%s, %s)", (old, new)).fetchone()
                    assert row == (new in moves[old],), (function, old, new)


def test_final_statuses_are_the_same_on_both_sides(world):
    """A status is final in Python if and only if the database says so."""
    for status in PostStatus:
        assert world.one("select social_is_final_post_status(%s)", status) == (status in FINAL,)


def test_a_database_that_was_not_migrated_says_what_to_do(world):
    """An old schema is refused with both versions and the command that mends it."""
    downgrade(world.url("postgres"), "0003")
    with (
        create_engine(world.url("postgres")).connect() as connection,
        pytest.raises(SchemaError, match="0003.*0019") as e,
    ):
        require_current_schema(connection)
    assert "python -m socialpub.db migrate" in str(e.value)


def test_larps_of_the_backoffice_survive_a_downgrade(postgres, world):
    """A larps table that was there before us is taken as it is and left when we go."""
    downgrade(world.url("postgres"), "base")
    world.run("create table larps (id uuid primary key, title text not null, time_zone text not null)")
    upgrade(world.url("postgres"))
    downgrade(world.url("postgres"), "base")
    assert world.one("select count(*) from larps") == (0,)
