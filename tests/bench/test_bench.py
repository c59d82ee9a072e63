"""The benchmark counts right, knows its figures, and really measures."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from psutil import Process
from tests.conftest import TOKEN_KEY

from bench.accounting import read_cpu_seconds, read_pss_bytes
from bench.arrivals import read_arrivals
from bench.figure import Figure, Limit, Peer
from bench.peers.bare import CLIENTS, run_bare
from bench.peers.quiet import next_quiet_second
from bench.posts import BenchPage, connect_pages, count_published, schedule_batch
from bench.registry import FIGURES
from bench.summary import Summary, percentile, summarise
from local_stack.state import PROJECT
from socialpub.models.encrypted import TokenCipher


@pytest.mark.parametrize(("share", "expected"), [(0.5, 50), (0.95, 95), (0.951, 96), (1.0, 100), (0.0, 1)])
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float):
    """By the nearest rank, whatever the order they came in."""
    assert percentile(list(range(100, 0, -1)), share) == expected


def test_a_summary_of_known_numbers():
    """Twenty values: the 95th percentile is the nineteenth, not the largest."""
    assert summarise([float(n) for n in range(1, 21)]) == Summary(n=20, min=1, p50=10, p95=19, max=20)
    assert summarise([0.3]) == Summary(1, 0.3, 0.3, 0.3, 0.3)


def test_nothing_measured_is_an_error_not_a_zero():
    """A figure without measurements must not look like a good one."""
    with pytest.raises(ValueError, match="nothing was measured"):
        summarise([])


def _figure(ours: float, theirs: float | None, **limit: object) -> dict:
    peers = [] if theirs is None else [Peer("other", Summary(1, *[theirs] * 4))]
    return Figure("x", "s", Summary(1, *[ours] * 4), Limit("p95", **limit), peers).line()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ours", "theirs", "limit", "is_met"),
    [
        (2.5, 6.25, {"bound": 2.5, "peer_factor": 0.4}, True),
        (2.6, 9.0, {"bound": 2.5, "peer_factor": 0.4}, False),
        (2.0, 4.0, {"bound": 2.5, "peer_factor": 0.4}, False),
        (2.0, None, {"bound": 2.5, "peer_factor": 0.4}, False),
        (99.9, None, {"bound": 100, "is_floor": True}, False),
        (100.0, None, {"bound": 100, "is_floor": True}, True),
    ],
)
def test_required_means_the_bound_and_the_peer_of_the_same_run(ours, theirs, limit, is_met):
    """Without its peer a requirement over the peer is not met."""
    assert _figure(ours, theirs, **limit)["is_met"] is is_met


def test_a_figure_tells_the_peer_and_the_ratio():
    """Computed from what was measured."""
    line = _figure(1.5, 6.0, peer_factor=0.4)
    assert (line["peer"], line["peer_figure"], line["ratio"]) == ("other", 6.0, 0.25)
    assert line["required"] == "p95 <= 0.4 x other"


def test_a_broken_promise_meets_no_requirement():
    """However quick it was."""
    figure = Figure("x", "s", Summary(1, 0, 0, 0, 0), Limit("p95", 1), is_sound=False)
    assert figure.line()["is_met"] is False


def test_the_list_names_every_figure():
    """`python -m bench --list`, which starts nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--list"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == list(FIGURES)


def test_an_unknown_figure_is_refused_by_name():
    """Before the stack is started."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "burst_61"], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "burst_61" in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("name", CLIENTS)
def test_the_bare_limit_is_measured(sandbox_server, name: str):
    """Twenty requests of one second on real sockets."""
    control = sandbox_server.control
    numbers = [str(790_000_000_000_000 + n) for n in range(20)]
    pages = [BenchPage(number, uuid4(), control.add_page(number, number)) for number in numbers]
    peer = run_bare(name, control, pages)
    assert peer.name == name
    assert peer.summary.n == 20
    assert 0 <= peer.summary.min <= peer.summary.max < 5


def test_what_arrives_twice_or_not_at_all_is_counted(sandbox_server):
    """The first arrival is the one that counts."""
    control = sandbox_server.control
    page = BenchPage("790000000000099", uuid4(), control.add_page("790000000000099", "Twice"))
    since = time.time()
    peer = run_bare("aiohttp", control, [page])
    [message] = {a.message for a in control.arrivals(since=since, page_id=page.page_id)}
    arrived = read_arrivals(control, [message, "never sent"], since=since)
    assert (arrived.missing, arrived.repeated, peer.summary.n) == (1, 0, 1)
    assert not arrived.is_exactly_once


def test_posts_are_scheduled_with_the_rights_of_a_backoffice(world, sandbox_server):
    """One approved post a Page, in one transaction."""
    cipher = TokenCipher.from_keys(TOKEN_KEY)
    with world.connect() as owner, world.connect("backoffice_login") as backoffice:
        pages = connect_pages(owner, sandbox_server.control, cipher, range(3))
        batch = schedule_batch(backoffice, pages, label="test", publish_at=datetime.now(UTC))
        assert count_published(backoffice, batch) == 0
    assert len(set(batch.bodies)) == len(set(batch.post_ids)) == 3
    assert world.one("select count(distinct connection_id) from social_scheduled_posts") == (3,)


def test_cost_is_that_of_a_real_process():
    """This very process has used time and memory."""
    here = Process()
    assert read_cpu_seconds([[here]]) > 0
    assert 1_000_000 < read_pss_bytes([here]) < 8 * 1024**3


def test_peers_avoid_the_second_of_a_scan():
    """At least the lead away, and not around the full minute."""
    for lead in range(0, 60, 7):
        instant = next_quiet_second(lead)
        assert instant >= time.time() + lead - 0.1
        assert 10 <= instant % 60 <= 45
