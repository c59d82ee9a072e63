"""A hundred thousand tokens are moved to a new key, killed in the middle and begun again, while posts go out."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

from bench.arrivals import Arrivals, read_arrivals
from bench.figure import Figure, Limit, Line
from bench.posts import Batch, schedule_batch
from bench.stage import BenchError, Stage, as_instant
from bench.summary import Summary
from socialpub.models.encrypted import EncryptedToken, TokenCipher
from socialpub.models.secret import Secret

_CONNECTIONS = 50_000  # of two tokens each
_POSTS, _AT_ONCE, _APART_SECONDS = 200, 10, 2.0
_KILL_AT = 0.3
_FIRST_PAGE = 800_000_000_000_000
_PATIENCE_SECONDS = 300


def measure_rotation(stage: Stage) -> Iterator[Line]:
    """Seconds that the two runs of `socialpub keys rotate` took; met if no post failed and every token opens."""
    newest, *_, oldest = stage.stack.token_keys.split(",")
    stage.report(f"Storing {2 * _CONNECTIONS} tokens under the older key")
    _store_tokens(stage, TokenCipher([oldest]))
    stage.pages(_POSTS)
    stage.report(f"Moving them while {_POSTS} posts go out")
    began_at = time.time()
    killed = _Rotation(stage)
    batches = [_schedule(stage, number) for number in range(5)]
    moved = _kill_in_the_middle(stage, killed, TokenCipher([newest]).key_ids[0])
    second = _Rotation(stage)
    batches += [_schedule(stage, number) for number in range(5, _POSTS // _AT_ONCE)]
    took = killed.seconds() + second.seconds()
    published = sum(stage.wait_until_published(batch, seconds=120) for batch in batches)
    bodies = [body for batch in batches for body in batch.bodies]
    arrived = read_arrivals(stage.sandbox, bodies, since=began_at)
    yield _make_figure(took, moved, published, arrived, _count_right_tokens(stage, TokenCipher([newest]))).line()


class _Rotation:
    """The command as an operator runs it, from now on."""

    def __init__(self, stage: Stage) -> None:
        command = [sys.executable, "-m", "socialpub.cli", "--actor", "bench", "keys", "rotate"]
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(command, env=dict(stage.stack.environment), stdout=subprocess.DEVNULL)
        self._ended_after: float | None = None

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._ended_after = time.monotonic() - self.started_at

    def seconds(self) -> float:
        """From its start, with the start of Python, to its end."""
        if self._ended_after is None:
            if self.process.wait(_PATIENCE_SECONDS):
                raise BenchError("The rotation ended with an error")
            self._ended_after = time.monotonic() - self.started_at
        return self._ended_after


def _kill_in_the_middle(stage: Stage, rotation: _Rotation, key_id: str) -> int:
    """How many tokens it had moved then. Raises `BenchError` when it ended before."""
    while (moved := _count_moved(stage, key_id)) < _KILL_AT * 2 * _CONNECTIONS:
        if rotation.process.poll() is not None:
            raise BenchError("The rotation ended before it could be killed")
        time.sleep(0.1)
    rotation.kill()
    return moved


def _store_tokens(stage: Stage, cipher: TokenCipher) -> None:
    larps = stage.owner.execute(
        "insert into larps (title) select 'Rotation ' || n from generate_series(1, %s) as n returning id",
        (_CONNECTIONS,),
    ).fetchall()
    with (
        stage.owner.cursor() as cursor,
        cursor.copy(
            "copy facebook_page_connections (larp_id, page_id, page_name, access_token, user_access_token) from stdin"
        ) as copy,
    ):
        for number, (larp_id,) in enumerate(larps):
            sealed = [cipher.encrypt(Secret(token)) for token in _tokens(number)]
            copy.write_row((larp_id, str(_FIRST_PAGE + number), f"Rotation {number}", *sealed))


def _tokens(number: int) -> tuple[str, str]:
    return f"EAAGrotation{number}", f"EAAGlogin{number}"


def _schedule(stage: Stage, number: int) -> Batch:
    """Ten posts for now, so that their tokens are opened now."""
    time.sleep(_APART_SECONDS)
    pages = stage.pages(_POSTS)[number * _AT_ONCE : (number + 1) * _AT_ONCE]
    return schedule_batch(stage.backoffice, pages, label=f"rotation {number}", publish_at=as_instant(time.time()))


def _count_moved(stage: Stage, key_id: str) -> int:
    row = stage.owner.execute(
        "select count(*) filter (where access_token like %(key)s) + count(*) filter (where user_access_token like"
        " %(key)s) from facebook_page_connections where page_id like '8%%'",
        {"key": f"fernet:{key_id}:%"},
    ).fetchone()
    assert row is not None, "count(*) returns a row"
    return int(row[0])


def _count_right_tokens(stage: Stage, cipher: TokenCipher) -> int:
    """Those that the new key alone opens, and that are what was stored there."""
    rows = stage.owner.execute(
        "select page_id, access_token, user_access_token from facebook_page_connections where page_id like '8%'"
    ).fetchall()
    return sum(
        cipher.decrypt(EncryptedToken(stored)).reveal() == token
        for page_id, *tokens in rows
        for stored, token in zip(tokens, _tokens(int(page_id) - _FIRST_PAGE), strict=True)
    )


def _make_figure(took: float, moved: int, published: int, arrived: Arrivals, right: int) -> Figure:
    return Figure(
        "rotate_100000",
        "s",
        Summary(2 * _CONNECTIONS, *[took] * 4),
        Limit("max"),
        is_sound=(published, right) == (_POSTS, 2 * _CONNECTIONS) and arrived.is_exactly_once,
        details={
            "moved_when_killed": moved,
            "posts_published": published,
            "exactly_once": arrived.is_exactly_once,
            "right_tokens": right,
        },
    )
