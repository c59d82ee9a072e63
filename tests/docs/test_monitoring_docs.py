"""The page on monitoring names every metric and every setting there is."""

from __future__ import annotations

import re

from local_stack.state import PROJECT
from socialpub.api.metric_families import COUNTERS, GAUGES, HISTOGRAMS

TEXT = (PROJECT / "docs" / "monitoring.md").read_text()


def test_the_table_of_metrics_is_complete():
    """And names none that there is not."""
    named = set(re.findall(r"`((?:social|facebook)_[a-z_]+)`", TEXT.split("| metric |")[1].split("\n\n")[0]))
    assert named == {*COUNTERS, *GAUGES, *HISTOGRAMS}


def test_each_setting_is_one_that_is_read():
    """By the product or by the compose file."""
    sources = [*(PROJECT / "plugins" / "socialpub").glob("*settings.py"), PROJECT / "docker-compose.yaml"]
    read = "".join(path.read_text() for path in sources)
    for name in re.findall(r"`SOCIALPUB_([A-Z_]+)", TEXT):
        assert name in read
