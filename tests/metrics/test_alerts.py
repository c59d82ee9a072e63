"""Each alert fires when it should and is quiet when it should be, as promtool and a real Prometheus see it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_stack.state import PROJECT
from socialpub.api.metric_families import COUNTERS, GAUGES, HISTOGRAMS
from tests.needs import needs_prometheus

ALERTS = PROJECT / "include" / "prometheus" / "alerts.yml"
CASES = Path(__file__).with_name("alerts_test.yml")
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
]
NAMES = {*COUNTERS, *GAUGES, *(f"{name}{end}" for name in HISTOGRAMS for end in ("_bucket", "_count", "_sum"))}


def names_in(expression: str) -> set[str]:
    """The metrics of a PromQL expression."""
    return set(re.findall(r"\b(?:social|facebook)_\w+", expression))


@needs_prometheus
def test_every_case_of_every_alert_comes_out_as_written():
    """promtool evaluates the rules over made-up series."""
    done = subprocess.run(["promtool", "test", "rules", str(CASES)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_prometheus
def test_a_rule_that_never_fires_is_found(tmp_path):
    """The cases would see a threshold that nobody reaches."""
    (tmp_path / "alerts.yml").write_text(ALERTS.read_text().replace("> 180", "> 18000"))
    (tmp_path / "cases.yml").write_text(CASES.read_text().replace("../../include/prometheus/alerts.yml", "alerts.yml"))
    done = subprocess.run(
        ["promtool", "test", "rules", str(tmp_path / "cases.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "SocialpubNoScan" in done.stdout + done.stderr


def test_each_alert_has_a_case_of_either_kind():
    """One in which it fires and one in which it is quiet."""
    tests = yaml.safe_load(CASES.read_text())["tests"]
    found = {(test["name"].split(",")[0].split()[0], test["name"].split(", ")[-1]) for test in tests}
    ordinary = ("an", "raises nothing")
    assert found == {ordinary, *((rule["alert"], kind) for rule in RULES for kind in ("fires", "quiet"))}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_what_happened_and_where_to_read_on(rule):
    """And it asks for metrics that there are."""
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"].endswith(".")
    assert names_in(rule["expr"]) <= NAMES
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    sections = re.findall(r"^#+ (.+)$", (PROJECT / page).read_text(), re.MULTILINE)
    assert anchor in [section.lower() for section in sections]
