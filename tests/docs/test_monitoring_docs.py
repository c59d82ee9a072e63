"""The page on monitoring names every metric and every setting there is."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import UUID

from local_stack.state import PROJECT
from socialpub.api.metric_families import COUNTERS, GAUGES, HISTOGRAMS
from socialpub.services.announce import Announcement

TEXT = (PROJECT / "docs" / "monitoring.md").read_text()
ANNOUNCEMENT = Announcement(1, UUID(int=1), UUID(int=2), "3", "3_4", None, datetime(2026, 6, 1, tzinfo=UTC))


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


def test_the_dag_that_follows_posts_is_one(tmp_path, capsys):
    """Airflow takes it as shown, starts it by the asset, and a post that was told twice is printed once."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk import Asset

    [block] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "follower.py").write_text(block)
    bag = DagBag(dag_folder=str(tmp_path), bundle_name="dags-folder")
    assert bag.import_errors == {}
    follower = bag.dags["count_facebook_posts"]
    assert [asset.name for asset in follower.timetable.asset_condition.objects] == ["facebook_page_post"]
    published_at = "2026-06-01T18:00:00+00:00"
    extra = {"scheduled_post_id": "1", "published_at": published_at, "page_id": "2", "permalink_url": "3"}
    told = {Asset("facebook_page_post"): [SimpleNamespace(extra=extra)] * 2}
    capsys.readouterr()
    follower.get_task("count").python_callable(triggering_asset_events=told)
    assert capsys.readouterr().out.splitlines() == [f"{published_at} 2 3"]


def test_each_word_of_an_announcement_is_explained():
    """And no other."""
    rows = re.findall(r"^\| (`.*?`) \|", TEXT.split("| in `extra` | is |")[1].split("\n\n")[0], re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == set(ANNOUNCEMENT.describe())
