"""Killing the tasks while videos go up: during each chunk, amid its bytes and between its arrival and its answer."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from chaos.arena import Arena
from chaos.blows import recover, start_scan, strike
from chaos.cells import Blow
from graph_sandbox.arrivals import Arrival
from graph_sandbox.samples import make_video
from local_stack.state import StackError

CHUNKS = 5
CHUNK_BYTES = 1 << 20
MOMENTS = {"amid its bytes": "upload_stall", "arrived, unanswered": "committed_then_hang"}
_FILM = "chaos.mp4"
_FILM_BYTES = CHUNKS * CHUNK_BYTES - 1000  # The last chunk is a shorter one, as in life.
_DUE_IN_SECONDS = 30.0
_MUSTER_SECONDS = 120.0
_SETTLE_SECONDS = 300.0
_numbers = itertools.count(1)


@dataclass(slots=True)
class UploadTrial:
    """One video, killed during one chunk. Bytes are those that reached the sandbox."""

    chunk: int
    moment: str
    page_id: str
    post: UUID = field(init=False)
    is_at_chunk: bool = field(default=False, init=False)
    saved_offset: int | None = field(default=None, init=False)
    resumed_offset: int | None = field(default=None, init=False)
    received_bytes: int = field(default=0, init=False)
    videos: int = field(default=0, init=False)
    live: int = field(default=0, init=False)
    status: str = field(default="", init=False)

    @property
    def sent_twice_bytes(self) -> int:
        return max(0, self.received_bytes - _FILM_BYTES)

    @property
    def is_right(self) -> bool:
        """Went on from the saved offset, sent one chunk twice at most, and is on the Page once.

        One that was not at its chunk yet may have had nothing to go on from.
        """
        has_resumed = not self.is_at_chunk or self.saved_offset == self.resumed_offset is not None
        is_frugal = self.sent_twice_bytes <= CHUNK_BYTES
        return has_resumed and is_frugal and (self.videos, self.live, self.status) == (1, 1, "published")


@dataclass(frozen=True, slots=True)
class UploadRow:
    """One cell: a chunk and a moment. `wrong` counts every trial that is not as `UploadTrial.is_right` says."""

    blow: str
    chunk: int
    moment: str
    trials: int
    beside_the_chunk: int
    wrong: int
    most_bytes_sent_twice: int
    videos: int


class UploadWave:
    """Every chunk at every moment, `copies` videos each, all killed at once."""

    def __init__(self, arena: Arena, *, copies: int) -> None:
        self._arena = arena
        self._began_at = time.time()
        arena.sandbox.change_settings(chunk_bytes=CHUNK_BYTES, processing_seconds=1.0)
        arena.stack.home.media.mkdir(parents=True, exist_ok=True)
        (arena.stack.home.media / _FILM).write_bytes(make_video(_FILM_BYTES))
        cells = itertools.product(range(1, CHUNKS + 1), MOMENTS, range(copies))
        self.trials = [self._prepare(chunk, moment) for chunk, moment, _ in cells]

    def ride(self) -> list[UploadTrial]:
        """Raises `StackError` when not even one upload comes to its chunk."""
        self._muster()
        strike(self._arena, Blow.TASK, ())
        struck_at = time.time()
        self._read_saved()
        recover(self._arena, Blow.TASK)
        self._wait_until_settled()
        self._judge(struck_at)
        return self.trials

    def _prepare(self, chunk: int, moment: str) -> UploadTrial:
        number = next(_numbers)
        trial = UploadTrial(chunk, moment, str(500_000_000_000_000 + number))
        larp = self._arena.office.add_page(trial.page_id, f"Film {number}")
        self._arena.sandbox.add_fault(
            MOMENTS[moment],
            page_id=trial.page_id,
            edge="videos",
            phase="transfer",
            skip=chunk - 1,
            after_bytes=CHUNK_BYTES // 2,
        )
        trial.post = self._schedule(larp)
        return trial

    def _schedule(self, larp: UUID) -> UUID:
        with self._arena.office.connect() as connection, connection.transaction():
            draft = connection.execute(
                "insert into social_drafts (larp_id, title, body, status)"
                " values (%s, 'Film', 'The film', 'approved') returning id",
                (larp,),
            ).fetchone()
            connection.execute(
                "insert into social_draft_assets (draft_id, type, storage_path) select %s, 'video', %s",
                (*(draft or ()), _FILM),
            )
            connection.execute(
                "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')",
                draft,
            )
            post = connection.execute(
                "insert into social_scheduled_posts (draft_id, publish_at)"
                " values (%s, now() + make_interval(secs => %s)) returning id",
                (*(draft or ()), _DUE_IN_SECONDS),
            ).fetchone()
        assert post is not None and isinstance(post[0], UUID), "returning gives the id"
        return post[0]

    def _muster(self) -> None:
        """Until every upload stands at its chunk, or no more of them will."""
        start_scan(self._arena)
        deadline = time.monotonic() + _MUSTER_SECONDS
        while not all(trial.is_at_chunk for trial in self.trials) and time.monotonic() < deadline:
            self._look()
            time.sleep(0.2)
        if not any(trial.is_at_chunk for trial in self.trials):
            raise StackError(f"No upload came to its chunk within {_MUSTER_SECONDS:.0f} s.")

    def _look(self) -> None:
        transfers = self._transfers(since=self._began_at)
        for trial in self.trials:
            mine = transfers.get(trial.page_id, [])
            trial.is_at_chunk = len(mine) == trial.chunk and mine[-1].status is None and self._is_at_moment(trial, mine)

    def _is_at_moment(self, trial: UploadTrial, mine: list[Arrival]) -> bool:
        if MOMENTS[trial.moment] == "upload_stall":
            return mine[-1].fault is not None
        return mine[-1].committed is not None

    def _transfers(self, *, since: float) -> dict[str, list[Arrival]]:
        found: dict[str, list[Arrival]] = {}
        for arrival in self._arena.sandbox.arrivals(since=since, edge="videos", method="POST"):
            if arrival.phase == "transfer" and arrival.page_id is not None:
                found.setdefault(arrival.page_id, []).append(arrival)
        return found

    def _read_saved(self) -> None:
        rows = dict(
            self._arena.office.rows(
                "select post.id, asset.upload_start_offset from social_scheduled_posts as post"
                " inner join social_draft_assets as asset on post.draft_id = asset.draft_id where post.id = any(%s)",
                self._posts(),
            )
        )
        for trial in self.trials:
            trial.saved_offset = rows[trial.post]

    def _posts(self) -> list[UUID]:
        return [trial.post for trial in self.trials]

    def _wait_until_settled(self) -> None:
        deadline, next_scan_at = time.monotonic() + _SETTLE_SECONDS, 0.0
        while self._arena.office.statuses(self._posts()) != {"published": len(self.trials)}:
            if time.monotonic() > deadline:
                return
            if time.monotonic() > next_scan_at:
                start_scan(self._arena)
                next_scan_at = time.monotonic() + 8
            time.sleep(1)

    def _judge(self, struck_at: float) -> None:
        statuses = dict(
            self._arena.office.rows("select id, status from social_scheduled_posts where id = any(%s)", self._posts())
        )
        before, after = self._transfers(since=self._began_at), self._transfers(since=struck_at)
        for trial in self.trials:
            trial.status = statuses[trial.post]
            trial.videos = len(self._arena.sandbox.videos(trial.page_id))
            trial.live = sum(post.is_published for post in self._arena.sandbox.posts(trial.page_id))
            trial.received_bytes = sum(file["bytes"] for arrival in before[trial.page_id] for file in arrival.files)
            if mine := after.get(trial.page_id):
                trial.resumed_offset = int(mine[0].params["start_offset"])


def count_uploads(trials: Iterable[UploadTrial]) -> Iterator[UploadRow]:
    """One row a cell; a trial that was not at its chunk is judged like the others, but not counted as one."""

    def cell(trial: UploadTrial) -> tuple[int, str]:
        return trial.chunk, trial.moment

    for (chunk, moment), group in itertools.groupby(sorted(trials, key=cell), key=cell):
        found = list(group)
        hits = sum(trial.is_at_chunk for trial in found)
        yield UploadRow(
            "upload",
            chunk,
            moment,
            trials=hits,
            beside_the_chunk=len(found) - hits,
            wrong=sum(not trial.is_right for trial in found),
            most_bytes_sent_twice=max(trial.sent_twice_bytes for trial in found),
            videos=sum(trial.videos for trial in found),
        )
