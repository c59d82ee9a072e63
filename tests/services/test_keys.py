"""The keys of the stored tokens: counted, rotated while posts go out, never dropped while in use."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from uuid import UUID

import pytest
from cryptography.fernet import Fernet
from tests.conftest import TOKEN_KEY, World

from socialpub.errors import TokenKeyError
from socialpub.models.encrypted import EncryptedToken, TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.keys import list_keys, require_unused, rotate_keys, verify_tokens
from socialpub.services.lane import work_lane

NEW_KEY = Fernet.generate_key().decode()
OLD, NEW = TokenCipher([TOKEN_KEY]), TokenCipher([NEW_KEY, TOKEN_KEY])


def add_connections(world: World, number: int, *, first: int = 0) -> None:
    """So many connections, each with its own two tokens under the old key."""
    with world.connect() as connection, connection.cursor() as cursor:
        larps = cursor.execute(
            "insert into larps (title) select 'Larp ' || n from generate_series(1, %s) n returning id", (number,)
        ).fetchall()
        with cursor.copy(
            "copy facebook_page_connections (larp_id, page_id, page_name, access_token, user_access_token) from stdin"
        ) as copy:
            for n, (larp_id,) in enumerate(larps, start=first):
                tokens = [OLD.encrypt(Secret(f"EAAG{kind}{n}")) for kind in ("page", "user")]
                copy.write_row((larp_id, str(210_000_000_000_000 + n), f"Page {n}", *tokens))


def read_tokens(world: World, cipher: TokenCipher) -> dict[str, tuple[str, str]]:
    """Every Page's two tokens, opened."""
    with world.connect() as connection:
        rows = connection.execute("select page_id, access_token, user_access_token from facebook_page_connections")
        return {
            page_id: tuple(cipher.decrypt(EncryptedToken(token)).reveal() if token else "" for token in tokens)
            for page_id, *tokens in rows.fetchall()
        }


def test_keys_are_counted_by_their_fingerprints(world):
    """Newest first, then the older ones, then those that are not ours; no key is shown."""
    add_connections(world, 3)
    keys = list_keys(world.engine(), NEW)
    assert [(key.tokens, key.is_ours, key.is_newest) for key in keys] == [(0, True, True), (6, True, False)]
    [_, unknown] = list_keys(world.engine(), TokenCipher([NEW_KEY]))
    assert (unknown.tokens, unknown.is_ours) == (6, False)
    assert TOKEN_KEY not in repr(keys)


def test_rotating_moves_every_token_and_again_moves_none(world):
    """The tokens stay the same; doing it again is harmless."""
    add_connections(world, 450)
    before, steps = read_tokens(world, OLD), []
    assert rotate_keys(world.engine(), NEW, actor="cli:ewa", report=lambda *step: steps.append(step)) == 900
    assert read_tokens(world, TokenCipher([NEW_KEY])) == before
    assert steps == [(0, 900), (400, 900), (800, 900), (900, 900)]
    assert rotate_keys(world.engine(), NEW, actor="cli:ewa", report=lambda *step: None) == 0


def test_the_audit_log_is_not_flooded_and_the_token_counts_as_the_same(world):
    """A hundred thousand lines that say nothing would hide the one that matters."""
    add_connections(world, 5)
    entries, stored_at = (
        "select count(*) from social_audit_log",
        "select max(token_stored_at) from facebook_page_connections",
    )
    before = world.one(entries), world.one(stored_at)
    rotate_keys(world.engine(), NEW, actor="cli:ewa", report=lambda *step: None)
    assert (world.one(entries), world.one(stored_at)) == before
    world.run(
        "update facebook_page_connections set access_token = %s where page_name = 'Page 1'", NEW.encrypt(Secret("x"))
    )
    assert world.one("select payload -> 'token_changed' from social_audit_log order by id desc limit 1") == (True,)


def test_a_token_that_was_altered_stops_nobody(world):
    """It stays as it is, and verify names its Page."""
    add_connections(world, 3)
    broken = OLD.encrypt(Secret("EAAGbroken"))[:-8] + "AAAAAAA="
    world.run("update facebook_page_connections set access_token = %s where page_name = 'Page 1'", broken)
    assert rotate_keys(world.engine(), NEW, actor="cli:ewa", report=lambda *step: None) == 5
    good, unreadable = verify_tokens(world.engine(), NEW)
    assert (good, [token.page for token in unreadable]) == (5, ["Page Page 1 (210000000000001)"])
    assert "was altered" in unreadable[0].words


def test_a_key_that_is_in_use_can_not_be_dropped(world):
    """Neither by leaving it out of the setting, nor by asking for it."""
    add_connections(world, 2)
    engine = world.engine()
    with pytest.raises(TokenKeyError, match="not configured.*4 tokens"):
        rotate_keys(engine, TokenCipher([NEW_KEY]), actor="cli:ewa", report=lambda *step: None)
    assert len(read_tokens(world, OLD)) == 2
    with pytest.raises(TokenKeyError, match="still in use by 4 tokens"):
        require_unused(list_keys(engine, NEW), OLD.key_ids[0])
    with pytest.raises(TokenKeyError, match="is the newest"):
        require_unused(list_keys(engine, NEW), NEW.key_ids[0])
    with pytest.raises(TokenKeyError, match="No key has the fingerprint"):
        require_unused(list_keys(engine, NEW), "00000000")
    rotate_keys(engine, NEW, actor="cli:ewa", report=lambda *step: None)
    require_unused(list_keys(engine, NEW), OLD.key_ids[0])


def test_a_reconnect_during_the_rotation_wins(world):
    """The batch locks what it moves: a token that comes meanwhile is not overwritten by the old one."""
    add_connections(world, 1)
    with world.connect() as other:
        with other.transaction():
            other.execute("update facebook_page_connections set access_token = %s", (OLD.encrypt(Secret("EAAGnew")),))
            mover = threading.Thread(
                target=lambda: rotate_keys(world.engine(), NEW, actor="cli:ewa", report=lambda *step: None)
            )
            mover.start()
            time.sleep(0.5)
        mover.join()
    assert [token for token, _ in read_tokens(world, TokenCipher([NEW_KEY])).values()] == ["EAAGnew"]


ROTATE = """
import sys
from socialpub.db.engine import open_engine
from socialpub.models.encrypted import TokenCipher
from socialpub.services.keys import rotate_keys
print(rotate_keys(open_engine(sys.argv[1]), TokenCipher.from_keys(sys.argv[2]), actor="cli:ewa",
    report=lambda moved, total: print(moved, total, flush=True)))
"""


@pytest.mark.timeout(1200)
def test_rotating_a_hundred_thousand_tokens_while_two_hundred_posts_publish(desk):
    """Killed in the middle and begun again: no post fails, no token is unreadable, none is another one's."""
    larp = desk.world.add_page()
    add_connections(desk.world, 50_000)
    with desk.world.connect() as connection:
        connection.execute("update facebook_page_connections set access_token = %s where larp_id = %s",
                           (OLD.encrypt(Secret("EAAGpage200000000000001")), larp))  # fmt: skip
    before = read_tokens(desk.world, OLD)
    posts = [desk.world.schedule(larp, body=f"Post {n}") for n in range(200)]
    command = [sys.executable, "-c", ROTATE, desk.world.url("airflow_login"), f"{NEW_KEY},{TOKEN_KEY}"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    def rotate() -> subprocess.Popen[str]:
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)

    publishing = threading.Thread(target=publish, args=(desk, posts))
    first = rotate()
    publishing.start()
    for line in first.stdout:
        if int(line.split()[0]) > 30_000:
            first.send_signal(signal.SIGKILL)
            break
    first.wait()
    moved = sum(key.tokens for key in list_keys(desk.world.engine(), NEW) if key.is_newest)
    assert 30_000 <= moved < 100_000
    second = rotate()
    assert second.wait() == 0
    publishing.join()
    assert {desk.world.status(post) for post in posts} == {"published"}
    assert sorted(desk.live()) == sorted(f"Post {n}" for n in range(200))
    assert read_tokens(desk.world, TokenCipher([NEW_KEY])) == before
    assert [key.tokens for key in list_keys(desk.world.engine(), NEW)] == [100_001, 0]


def publish(desk, posts: list[UUID]) -> None:
    """As workers do whose setting has both keys already."""
    for number in range(20):
        run = desk.as_run(str(number))
        publisher = replace(run.publisher(), open_token=lambda page: NEW.decrypt(page.access_token))
        for lane in run.scan():
            work_lane(publisher, lane, threads=8)
        if all(desk.world.status(post) == "published" for post in posts):
            return
        time.sleep(1)
