"""What is compared when something goes on beside the publishing."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import pytest
import requests

from bench.figures.beside import _TURNS, choose_instants, is_delivered, make_line
from bench.loads import Scrapes


def test_no_burst_falls_into_the_seconds_in_which_a_scan_and_its_lanes_start():
    """From a scan at second 30 on; four seconds apart."""
    instants = choose_instants(600.0, 19)
    assert instants[:3] == [648.0, 652.0, 656.0]
    assert not [at for at in instants if 27 <= at % 60 < 45]
    assert instants == sorted(set(instants))
    assert instants[-1] <= 600 + 145


def test_each_load_has_each_place_of_the_turn_equally_often():
    """So that none has the better seconds."""
    places = Counter((load, place) for turn in _TURNS for place, load in enumerate(turn))
    assert len(places) == 9
    assert set(places.values()) == {4}


@pytest.mark.parametrize(
    ("beside", "is_sound", "is_met"),
    [([0.027, 0.027, 0.2], True, True), ([0.028, 0.028, 0.02], True, False), ([0.02] * 3, False, False)],
)
def test_the_medians_may_differ_by_a_tenth(beside, is_sound, is_met):
    """One burst that something else disturbed decides nothing; a post or message that was lost does."""
    line = make_line("x", [0.025, 0.025, 0.3], beside, is_sound=is_sound, details={})
    assert (line["is_met"], line["peer"]) == (is_met, "the stack alone")


@pytest.mark.parametrize(
    ("change", "is_fine"),
    [({}, True), ({"told_beside_bursts": 0}, False), ({"left": 1}, False), ({"more_often": 1}, False),
     ({"told": 502}, False)],
)  # fmt: skip
def test_deliveries_count_only_where_they_went_on_beside_the_bursts(change, is_fine):
    """And where nothing was lost, or told a third time."""
    ended = {
        "events": 504,
        "told_beside_bursts": 90,
        "told": 503,
        "twice": 4,
        "more_often": 0,
        "given_up": 1,
        "left": 0,
    }
    assert is_delivered(ended | change) is is_fine


def test_scrapes_fall_around_the_bursts_and_once_into_one(monkeypatch: pytest.MonkeyPatch):
    """At moments that are spread evenly."""
    now = [1000.0]
    monkeypatch.setattr("bench.loads.time.time", lambda: now[0])
    monkeypatch.setattr("bench.loads.time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    answer = SimpleNamespace(raise_for_status=lambda: None)
    moments: list[float] = []
    scrapes = Scrapes("http://x")
    monkeypatch.setattr(requests.Session, "get", lambda *_, **__: moments.append(now[0]) or answer)
    for _ in range(6):
        due_at = now[0] + 5
        scrapes.beside(due_at)
        moments[-1] -= due_at
    assert moments == [-1.5, -1.0, -0.5, 0.0, 0.5, 1.0]
