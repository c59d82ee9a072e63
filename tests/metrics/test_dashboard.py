"""The Grafana dashboard asks Prometheus questions that it understands, about metrics that there are."""

from __future__ import annotations

import json
import subprocess

import pytest
import yaml

from local_stack.state import PROJECT
from socialpub.api.metric_families import COUNTERS, GAUGES, HISTOGRAMS
from tests.metrics.test_alerts import NAMES, names_in
from tests.needs import needs_prometheus

FOLDER = PROJECT / "include" / "grafana"
DASHBOARD = json.loads((FOLDER / "socialpub.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]


@needs_prometheus
def test_every_query_parses(tmp_path):
    """As the expression of a recording rule, which promtool checks."""
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(QUERIES)]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(tmp_path / "rules.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_names_a_metric_that_there_is(query):
    """One that was renamed would show an empty panel for ever."""
    assert names_in(query)
    assert names_in(query) <= NAMES


def test_every_metric_is_on_the_dashboard():
    """What nobody sees need not be measured."""
    shown = {name for query in QUERIES for name in names_in(query)}
    shown |= {name.removesuffix(end) for name in shown for end in ("_bucket", "_count", "_sum")}
    assert {*COUNTERS, *GAUGES, *HISTOGRAMS} - shown == {"social_post_oldest_due_age_seconds",
        "social_post_oldest_unconfirmed_age_seconds", "social_notifications_waiting"}  # fmt: skip


def test_every_panel_says_what_it_shows_and_asks_the_data_source_that_is_provisioned():
    """Each has a number of its own, too."""
    [source] = yaml.safe_load((FOLDER / "datasource.yml").read_text())["datasources"]
    for panel in PANELS:
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {source["uid"]}
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(ids)) == len(ids)


def test_the_compose_file_brings_the_dashboard_where_grafana_looks():
    """Provider, data source and dashboard."""
    grafana = yaml.safe_load((PROJECT / "docker-compose.yaml").read_text())["services"]["grafana"]
    places = dict(volume.split(":")[:2] for volume in grafana["volumes"])
    [provider] = yaml.safe_load((FOLDER / "provider.yml").read_text())["providers"]
    assert places["./include/grafana/socialpub.json"].startswith(provider["options"]["path"])
    [source] = yaml.safe_load((FOLDER / "datasource.yml").read_text())["datasources"]
    assert source["url"] == "http://prometheus:9090"
