"""The benchmark counts right, knows its figures, and really measures."""

from __future__ import annotations

import json
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
from bench.burst import Burst
from bench.claim import make_figure as make_claim_figure
from bench.claim import summarise_parts
from bench.figure import Figure, Limit, Peer
from bench.figures import uploads
from bench.figures.cost import measure_growth, measure_memory_16_lanes
from bench.figures.tokens import make_figure
from bench.figures.uploads import measure_upload_disk, measure_upload_s3
from bench.peers.bare import CLIENTS, run_bare
from bench.peers.quiet import next_quiet_second
from bench.posts import BenchPage, connect_pages, count_published, schedule_batch
from bench.registry import FIGURES, ON_TIME, relay
from bench.stage import Stage
from bench.summary import Summary, percentile, summarise
from bench.table import render_table
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


def test_there_is_no_ratio_to_nothing():
    """As to a peer that took no memory."""
    line = _figure(1.5, 0.0, bound=2)
    assert "ratio" not in line
    assert (line["peer_figure"], line["is_met"]) == (0.0, True)


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


def test_the_first_paint_of_the_console_is_timed():
    """Beside two thousand posts."""
    command = [sys.executable, "-m", "bench.console_load", "2000"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [(line["figure"], line["n"]) for line in lines] == [("console_queue_1m", 40), ("console_calendar_1m", 40)]
    assert all(line["p50"] > 0 for line in lines)


def test_scheduling_in_bulk_is_timed():
    """The one statement of two thousand drafts."""
    command = [sys.executable, "-m", "bench.bulk_insert", "2000"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    line = json.loads(done.stdout)
    assert (line["figure"], line["rows"], line["required"]) == ("bulk_insert_1m", 2000, "max <= 60 s")
    assert 0 < line["max"] < 60
    assert line["is_met"] is True


@pytest.mark.parametrize(("among_many", "is_met"), [(24.0, True), (25.5, False), (15.1, False)])
def test_a_claim_is_compared_with_one_among_few(among_many: float, is_met: bool):
    """25 ms, and one and a half of what it takes among ten thousand; what else a scan does is only told."""
    few = {"claim": 17.0 if among_many > 20 else 10.0, "whole_scan": 60.0}
    samples = [few], [{"claim": among_many, "whole_scan": 90.0}]
    figure = make_claim_figure(*(summarise_parts(part) for part in samples), history=5)
    line = figure.line()
    assert line["is_met"] is is_met
    assert (line["peer_figure"], line["history"]) == (few["claim"], 5)
    assert line["whole_scan_ms"] == {"p50": 90.0, "p95": 90.0, "max": 90.0, "p95_among_few": 60.0}
    assert f"| p95 <= 25 ms and p95 <= 1.5 x among 10 k |  | {among_many:g} ms | among 10 k: " in render_table([line])


def test_what_is_measured_without_a_name_is_known():
    """A name that is none would be left out in silence."""
    assert set(ON_TIME) < set(FIGURES)


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
    """At least the lead away, and not around the half minute."""
    for lead in range(0, 60, 7):
        instant = next_quiet_second(lead)
        assert instant >= time.time() + lead - 0.1
        assert not 20 < instant % 60 < 40


def _burst(posts: int, *, cpu_seconds: float, lost_tasks: int = 0) -> Burst:
    return Burst(
        lateness=Summary(posts, 0.1, 0.2, 0.3, 0.4),
        unpublished=0,
        repeated=0,
        missing=0,
        lost_tasks=lost_tasks,
        lanes=min(posts, 16),
        cpu_seconds=cpu_seconds,
        window_seconds=60,
        done_after_seconds=1,
        start_ups=Summary(posts, 0.1, 0.2, 0.3, 0.4),
        armed_pss_bytes={"scheduler": 1024**3, "postgres": 512 * 1024**2},
    )


def test_growth_is_the_cost_of_a_further_post():
    """A session's bursts are looked at, none is run again and nothing is started."""
    stage = Stage(lambda _: None)
    stage.bursts = {n: _burst(n, cpu_seconds=20 + n / 100) for n in (10, 100, 1000, 5000)}
    [line] = measure_growth(stage)
    assert (line["n"], line["max"], line["is_met"]) == (5000, 10.0, True)
    assert line["required"] is None
    assert list(line["by_posts"]) == ["10", "100", "1000", "5000"]
    assert not stage.is_running


def test_memory_is_that_of_sixteen_armed_lanes():
    """A burst of fewer lanes does not count."""
    stage = Stage(lambda _: None)
    stage.bursts = {10: _burst(10, cpu_seconds=1), 60: _burst(60, cpu_seconds=1)}
    [line] = measure_memory_16_lanes(stage)
    assert (line["max"], line["lanes"], line["is_met"]) == (1.5, 16, True)


@pytest.mark.parametrize(
    ("change", "is_met"),
    [
        ({}, True),
        ({"run": {"state": "failed"}}, False),
        ({"task": {"state": "failed"}}, False),
        ({"task": {"try_number": 2}}, False),
        ({"statuses": {"valid": 499, "lost": 1}}, False),
        ({"asked": 501}, False),
        ({"run": {"end_date": "2026-11-25T04:10:01Z"}}, False),
    ],
)
def test_a_check_of_tokens_counts_only_if_each_was_asked_about_once_and_is_good(change, is_met):
    """Ten minutes are the limit, however many were checked."""
    span = {"state": "success", "start_date": "2026-11-25T04:00:00Z", "end_date": "2026-11-25T04:01:00Z"}
    run, task = span | change.get("run", {}), {**span, "try_number": 1} | change.get("task", {})
    statuses, asked = change.get("statuses", {"valid": 500}), change.get("asked", 500)
    line = make_figure(run, [task, task], statuses, asked=asked, pages=500).line()
    assert (line["is_met"], line["tasks"], line["longest_task_s"]) == (is_met, 2, 60.0)


@pytest.mark.parametrize("lost", [0, 1])
def test_a_burst_that_loses_a_task_is_not_sound(lost: int):
    """Even if all its posts arrived."""
    assert _burst(60, cpu_seconds=1, lost_tasks=lost).is_sound is not bool(lost)


def test_a_relayed_measurement_gives_its_lines():
    """A module's own `main()`; here one that prints a single JSON line."""
    [line] = relay("tests.bench.one_line")(Stage(lambda _: None))
    assert line == {"figure": "one_line", "n": 1}


@pytest.mark.parametrize("measure", [measure_upload_disk, measure_upload_s3])
def test_an_upload_is_really_made_and_measured_beside_plain_requests(measure, monkeypatch):
    """A small video here: its speed counts for nothing, its memory does."""
    monkeypatch.setattr(uploads, "_ROUNDS", 1)
    with Stage(lambda _: None, video_bytes=8 << 20) as stage:
        speed, memory = measure(stage)
        assert not stage.is_running
    assert (speed["bytes"], speed["unit"], memory["unit"]) == (8 << 20, "MiB/s", "MiB")
    assert speed["p50"] > 0
    assert speed["peer_figure"] > 0
    assert (memory["figure"], memory["is_met"]) == (f"{speed['figure']}_memory", True)


def test_an_upload_in_the_memory_of_its_worker_would_be_seen():
    """The limit is one of all rounds, the speed's one of their middle."""
    found = [uploads.Upload(100, 10), uploads.Upload(80, 65), uploads.Upload(90, 10)]
    speed, memory = uploads.make_lines("x", 1, {"ours": found, "form": [uploads.Upload(100, 1)]})
    assert (speed["p50"], speed["ratio"], speed["is_met"]) == (90, 0.9, True)
    assert (memory["max"], memory["is_met"]) == (65, False)
