"""Does publishing feel what goes on beside it? The same burst again and again, in turn alone and beside a load."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bench.arrivals import read_arrivals
from bench.figure import Figure, Limit, Line, Peer
from bench.loads import Deliveries, Load, Nothing, Scrapes
from bench.posts import Batch, schedule_batch
from bench.stage import BenchError, Stage, as_instant
from bench.summary import percentile, summarise

_POSTS = 200
_APART_SECONDS = 4.0
_SCAN_SECOND = 30
_WRITING_SECONDS = 30
# While a scan and its lanes start, posts are late by what the machine does then, whatever goes on beside.
_QUIET_SECONDS = range(45, 60 + 27)
_ALLOWED = 1.1
_ALONE, _SCRAPED, _DELIVERING, _WARM_UP = "alone", "scraped", "delivering", "first"
# Each stands at each place of the turn, so that none has the better seconds; and twelve times, because the same burst
# alone was late by 42 to 88 ms in one run.
_TURNS = 2 * tuple(itertools.permutations((_ALONE, _SCRAPED, _DELIVERING)))


@dataclass(frozen=True, slots=True)
class Round:
    load: str
    due_at: float
    batch: Batch


def measure_beside(stage: Stage) -> Iterator[Line]:
    """Both loads in one run of bursts, because both are compared with the same ones that have none."""
    stage.pages(_POSTS)
    with Deliveries(stage) as deliveries:
        scrapes = Scrapes(stage.stack.airflow_url)
        rounds = plan_rounds(stage)
        nothing = Nothing()
        loads: dict[str, Load] = {_WARM_UP: nothing, _ALONE: nothing, _SCRAPED: scrapes, _DELIVERING: deliveries}
        run_rounds(stage, rounds, loads)
        is_whole, found = read_rounds(stage, rounds)
        ended = deliveries.deliver_the_rest()
    alone = found[_ALONE]
    scraped = {"scrape_ms": round(1000 * max(scrapes.seconds), 1), "rounds": by_round(alone, found[_SCRAPED])}
    yield make_line("lateness_scraped", alone, found[_SCRAPED], is_sound=is_whole, details=scraped)
    told = {**ended, "killed": deliveries.killed, "rounds": by_round(alone, found[_DELIVERING])}
    yield make_line(
        "lateness_delivering", alone, found[_DELIVERING], is_sound=is_whole and is_delivered(ended), details=told
    )


def is_delivered(ended: Mapping[str, int]) -> bool:
    """Every event was told, none too often, and some of it beside the bursts: else they were compared with nothing."""
    is_whole = ended["told"] + ended["given_up"] >= ended["events"] and not ended["left"]
    return is_whole and not ended["more_often"] and ended["told_beside_bursts"] > 0


def plan_rounds(stage: Stage) -> list[Round]:
    """All posts are written before the first scan that may claim them."""
    scan_at = math.ceil((time.time() + _WRITING_SECONDS - _SCAN_SECOND) / 60) * 60 + _SCAN_SECOND
    loads = [_WARM_UP, *itertools.chain.from_iterable(_TURNS)]
    rounds = []
    for load, due_at in zip(loads, choose_instants(scan_at - _SCAN_SECOND, len(loads)), strict=True):
        label = f"{load} {due_at:.0f}"
        batch = schedule_batch(stage.backoffice, stage.pages(_POSTS), label=label, publish_at=as_instant(due_at))
        rounds.append(Round(load, due_at, batch))
    if time.time() > scan_at:
        raise BenchError("The posts were not written in time for their scan.")
    return rounds


def choose_instants(minute_at: float, count: int) -> list[float]:
    """So many quiet seconds after the scan of this minute, a burst apart."""
    instants = (minute_at + n * _APART_SECONDS for n in itertools.count())
    quiet = (at for at in instants if at >= minute_at + _QUIET_SECONDS.start and not _is_busy(at))
    return list(itertools.islice(quiet, count))


def _is_busy(instant: float) -> bool:
    return _QUIET_SECONDS.stop - 60 <= instant % 60 < _QUIET_SECONDS.start


def run_rounds(stage: Stage, rounds: Sequence[Round], loads: Mapping[str, Load]) -> None:
    for one in rounds:
        stage.wait_until(one.due_at - _APART_SECONDS / 2)
        stage.report(f"A burst, {one.load}")
        loads[one.load].beside(one.due_at)
    for one in rounds:
        stage.wait_until_published(one.batch, seconds=60)


def read_rounds(stage: Stage, rounds: Sequence[Round]) -> tuple[bool, dict[str, list[float]]]:
    """Whether every post arrived once; and by load, the median lateness of each of its bursts, in seconds."""
    bodies = [body for one in rounds for body in one.batch.bodies]
    arrivals = read_arrivals(stage.sandbox, bodies, since=rounds[0].due_at - 60)
    found: dict[str, list[float]] = {}
    for one in rounds:
        lateness = [arrivals.at[body] - one.due_at for body in one.batch.bodies if body in arrivals.at]
        found.setdefault(one.load, []).append(percentile(lateness, 0.5))
    return arrivals.is_exactly_once, found


def make_line(name: str, alone: list[float], beside: list[float], *, is_sound: bool, details: Line) -> Line:
    """The medians of the bursts' medians have to agree within a tenth."""
    peer = Peer("the stack alone", summarise(alone))
    limit = Limit("p50", peer_factor=_ALLOWED)
    return Figure(name, "s", summarise(beside), limit, [peer], is_sound=is_sound, details=details).line()


def by_round(alone: list[float], beside: list[float]) -> dict[str, list[float]]:
    """In milliseconds, so that everybody sees how far they lie apart by themselves."""
    return {
        name: [round(1000 * value, 1) for value in values] for name, values in (("alone", alone), ("beside", beside))
    }
