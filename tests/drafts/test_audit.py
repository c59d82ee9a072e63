"""The audit log is append-only, and what is changed nevertheless is found."""

from __future__ import annotations

import threading

import psycopg
import pytest

from socialpub.cli import main
from socialpub.services.audit.seal import seal_audit_log
from socialpub.services.audit.verify import read_head, verify_audit_log
from socialpub.services.drafts.write import AssetContent


def look(world, head: str | None = None):
    return verify_audit_log(world.engine(), expected_head=head, report=lambda done, total: None)


def tamper(world, statement: str) -> None:
    """As somebody who owns the server: the triggers are out of the way while it lasts."""
    table = "social_audit_seals" if "social_audit_seals" in statement else "social_audit_log"
    with world.connect() as connection, connection.transaction():
        connection.execute(f"alter table {table} disable trigger user")
        connection.execute(statement)
        connection.execute(f"alter table {table} enable trigger user")


@pytest.fixture
def sealed(world):
    """Two seals over a first and a second part of the log."""
    larp = world.add_page()
    world.schedule(larp, due_in=3600)
    seal_audit_log(world.engine())
    world.schedule(larp, due_in=7200, body="Drugi")
    world.schedule(larp, due_in=7300, body="Trzeci")
    seal_audit_log(world.engine())
    return world


def test_what_is_sealed_and_untouched_is_whole(sealed):
    """Two seals; what is written afterwards is counted as not sealed yet."""
    verdict = look(sealed)
    assert (verdict.is_whole, verdict.seals, verdict.unsealed_rows) == (True, 2, 0)
    assert sealed.one("select count(*) from social_audit_log") == (verdict.sealed_rows,)
    sealed.schedule(sealed.one("select id from larps")[0], due_in=9000, body="Czwarty")
    assert look(sealed).unsealed_rows == 3


@pytest.mark.parametrize(
    "statement",
    [
        "update social_audit_log set actor = 'nobody' where id = (select min(id) from social_audit_log)",
        "update social_audit_log set payload = '{}' where id = (select max(id) from social_audit_log)",
        "update social_audit_log set before = '{}' where id = (select max(id) from social_audit_log)",
        "update social_audit_log set occurred_at = occurred_at + interval '1 microsecond' where id = 5",
        "delete from social_audit_log where id = (select max(id) - 1 from social_audit_log)",
        "delete from social_audit_log where id = (select max(id) from social_audit_log)",
        "insert into social_audit_log (actor, action, entity_id, payload, written_in) overriding system value"
        " select actor, action, entity_id, payload, written_in from social_audit_log where id = 6",
        "update social_audit_log as one set payload = other.payload, actor = other.actor from social_audit_log as other"
        " where (one.id, other.id) in ((2, 5), (5, 2))",
        "delete from social_audit_seals where number = 1",
        "update social_audit_seals set digest = sha256('x') where number = 1",
    ],
)
def test_tampering_is_found(sealed, statement):
    """Rows changed, removed or slipped in, at the beginning or at the end, and seals as well."""
    tamper(sealed, statement)
    assert not look(sealed).is_whole


def test_a_chain_that_was_written_anew_does_not_hold_the_old_head(sealed):
    """Whoever can change everything can't change a head that somebody has written down."""
    head = look(sealed).head
    assert look(sealed, head).is_whole
    tamper(sealed, "update social_audit_log set actor = 'nobody' where id = 1")
    tamper(sealed, "delete from social_audit_seals")
    seal_audit_log(sealed.engine())
    assert look(sealed).is_whole
    assert "written anew" in look(sealed, head).troubles[0]


def test_a_tail_that_was_cut_off_with_its_seal_does_not_hold_the_head_that_every_run_logs(sealed):
    """What is left looks whole by itself; the log of the task that sealed it remembers more."""
    head = read_head(sealed.engine())
    assert head == look(sealed).head
    [last] = sealed.one("select greatest(base_id, upto_id) from social_audit_seals where number = 1")
    tamper(sealed, f"delete from social_audit_log where id > {last}")
    tamper(sealed, "delete from social_audit_seals where number = 2")
    assert look(sealed).is_whole
    assert "written anew" in look(sealed, head).troubles[0]


@pytest.mark.parametrize("table", ["social_audit_log", "social_audit_seals"])
@pytest.mark.parametrize(
    "statement",
    [
        "update {} set {} = {}",
        "delete from {}",
        "truncate {}",
        "set session_replication_role = replica; delete from {}",
    ],
)
def test_the_owner_of_the_tables_may_only_append(sealed, table, statement):
    """Not by mistake, and not in a session that replays either."""
    column = "actor" if table == "social_audit_log" else "row_count"
    with pytest.raises(psycopg.Error, match="kept as history"):
        sealed.run(statement.format(table, column, column))


def test_writers_and_the_seal_do_not_wait_for_each_other(sealed):
    """An open transaction with entries of its own holds up no seal, and is sealed once it is over, though its ids are
    lower than others'."""
    larp = sealed.one("select id from larps")[0]
    with sealed.connect() as slow:
        slow.execute("begin")
        slow.execute("insert into social_drafts (larp_id, title, body) values (%s, 'Slow', 'B')", (larp,))
        sealed.run("insert into social_drafts (larp_id, title, body) values (%s, 'Fast', 'B')", larp)
        assert seal_audit_log(sealed.engine()) == 0
        assert look(sealed).unsealed_rows == 1
        slow.execute("commit")
    assert seal_audit_log(sealed.engine()) == 2
    assert look(sealed).is_whole


def test_two_who_seal_at_once_make_one_chain(sealed):
    """The second waits and finds nothing left."""
    sealed.schedule(sealed.one("select id from larps")[0], due_in=9000, body="Czwarty")
    done: list[int] = []
    threads = [threading.Thread(target=lambda: done.append(seal_audit_log(sealed.engine()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [0, 0, 0, 3]
    assert look(sealed).is_whole


def test_a_large_log_is_sealed_in_parts(sealed):
    """Of one transaction as well; each part is checked by itself."""
    sealed.run(
        "insert into social_audit_log (actor, action, entity_id, payload)"
        " select 'anna', 'test', gen_random_uuid(), '{}' from generate_series(1, 120000)"
    )
    assert seal_audit_log(sealed.engine()) == 120_000
    assert look(sealed).seals == 5
    tamper(sealed, "delete from social_audit_log where id = (select max(id) - 50000 from social_audit_log)")
    assert len(look(sealed).troubles) == 1


def test_a_restored_database_begins_a_chain_of_its_server(sealed):
    """On another server transactions count from anew; the first seal there covers all that was restored.

    The seals from before are still compared, each with what was there when the database came to the new server.
    """
    tamper(sealed, "update social_audit_seals set cluster = 1")
    for number in (1, 2):
        redigest = "update social_audit_seals as seal set digest = (social_digest_of_seal(seal)).digest where number = "
        tamper(sealed, redigest + str(number))
    assert seal_audit_log(sealed.engine()) == sealed.one("select count(*) from social_audit_log")[0]
    sealed.schedule(sealed.one("select id from larps")[0], due_in=9000, body="Czwarty")
    assert seal_audit_log(sealed.engine()) == 3
    assert look(sealed).troubles == ()
    tamper(sealed, "update social_audit_log set written_in = 3 where id = (select max(id) from social_audit_log)")
    assert ["Seal 4" in trouble for trouble in look(sealed).troubles] == [True]
    tamper(sealed, "update social_audit_log set actor = 'nobody' where id = 3")
    assert [trouble[:6] for trouble in look(sealed).troubles] == ["Seal 1", "Seal 3", "Seal 4"]


def test_the_command_says_how_it_stands(sealed, monkeypatch, capsys):
    """0 and the head when it is whole, 1 and the seal when it is not."""
    monkeypatch.setenv("SOCIALPUB_DATABASE_URL", sealed.url("airflow_login"))
    assert main(["audit", "verify"]) == 0
    out = capsys.readouterr().out
    assert "0 not sealed yet" in out and "head 2:" in out
    assert main(["audit", "verify", "--head", "nonsense"]) == 1
    assert "no head" in capsys.readouterr().err
    tamper(sealed, "update social_audit_log set actor = 'nobody' where id = 1")
    assert main(["audit", "verify"]) == 1
    assert "Seal 1 of" in capsys.readouterr().out
    assert main(["audit", "seal"]) == 0


def test_an_edit_of_assets_tells_which_there_were(office):
    """One after the other, many in one statement, moved, and none at all: before and after are whole lists."""
    photos = tuple(AssetContent("photo", f"{number}.jpg", checksum_sha256="a" * 64) for number in (1, 2))
    draft = office.draft(assets=photos)
    office.edit("update social_draft_assets set alt_text = 'Las ' || position where draft_id = %s", draft)
    office.edit("delete from social_draft_assets where position = 1 and draft_id = %s", draft)
    office.edit("update social_drafts set body = 'Inne' where id = %s", draft)

    def tell(assets):
        return assets and [(asset[0], asset[2], asset[4]) for asset in assets]

    with office.world.connect() as connection:
        edits = connection.execute(
            "select before -> 'assets', payload -> 'assets', before ? 'asset_list' or payload ? 'asset_list'"
            " from social_audit_log where action = 'draft.edited' order by id"
        ).fetchall()
    plain = [(1, "1.jpg", None), (2, "2.jpg", None)]
    named = [(1, "1.jpg", "Las 1"), (2, "2.jpg", "Las 2")]
    assert [(tell(before), tell(after)) for before, after, _ in edits] == [
        ([], plain), (plain, named), (named, named[1:]), (None, named[1:]),
    ]  # fmt: skip
    assert not any(leaks for *_, leaks in edits)
