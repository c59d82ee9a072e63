"""Posts of one second: how late they arrive, ours and the peers'."""

from __future__ import annotations

from collections.abc import Iterator

from bench.burst import Burst, run_burst
from bench.figure import Figure, Limit, Line, Peer
from bench.peers.bare import CLIENTS, run_bare
from bench.peers.plain_airflow import run_plain_airflow
from bench.peers.procrastinate_peer import run_procrastinate
from bench.stage import Stage


def measure_burst_60(stage: Stage) -> Iterator[Line]:
    burst = keep_burst(stage, 60)
    peers = [*_run_peers(stage, 60), run_plain_airflow(stage, 60)]
    yield _figure("burst_60", burst, Limit("p95", 0.5, peer_factor=1.0), peers).line()


def measure_burst_1000(stage: Stage) -> Iterator[Line]:
    burst = keep_burst(stage, 1000)
    yield _figure("burst_1000", burst, Limit("p95", 2.5, peer_factor=0.4), _run_peers(stage, 1000)).line()


def measure_burst_5000(stage: Stage) -> Iterator[Line]:
    """Without peers: the figure asks whether everything still holds."""
    yield _figure("burst_5000", keep_burst(stage, 5000), Limit("p95", 15.0), []).line()


def keep_burst(stage: Stage, count: int) -> Burst:
    """Each size is run once a session; several figures look at it."""
    if count not in stage.bursts:
        stage.bursts[count] = run_burst(stage, count)
    return stage.bursts[count]


def _run_peers(stage: Stage, count: int) -> list[Peer]:
    peers = run_procrastinate(stage, count)
    for name in CLIENTS:
        stage.report(f"Peer {name}, {count} posts")
        peers.append(run_bare(name, stage.sandbox, stage.pages(count)))
    return peers


def _figure(name: str, burst: Burst, limit: Limit, peers: list[Peer]) -> Figure:
    return Figure(name, "s", burst.lateness, limit, peers, is_sound=burst.is_sound, details=burst.details())
