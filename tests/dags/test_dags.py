"""Policies that every DAG keeps, and what it costs to import one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import pytest
from croniter import croniter

ROOT = Path(__file__).resolve().parents[2]
DAG_FILES = sorted((ROOT / "dags").glob("*.py"))


@pytest.fixture(scope="module")
def dags():
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(ROOT / "dags"), bundle_name="dags-folder")
    assert bag.import_errors == {}
    return bag.dags


def test_every_file_is_one_dag_of_its_name(dags):
    """A DAG is found where its id says."""
    assert sorted(dags) == [file.stem for file in DAG_FILES]


def test_every_dag_explains_itself(dags):
    """Owner, tags and a doc_md that is the file's own docstring."""
    for dag in dags.values():
        assert dag.doc_md
        assert dag.doc_md.strip().startswith("###")
        assert "socialpub" in dag.tags
        assert {task.owner for task in dag.tasks} == {"data-ops"}


# A lane waits for its posts' seconds, retries and videos; leases watch over it, and a time-out would only cut it off.
WITHOUT_TIMEOUT = {("publish_due_posts", "publish"), ("publish_post_now", "publish_now")}


def test_every_task_ends_by_itself_and_says_how_often_it_is_tried(dags):
    """A hung task is ended, and none is tried more often than a person would want to wait for."""
    for dag in dags.values():
        for task in dag.tasks:
            name = (dag.dag_id, task.task_id)
            assert (task.execution_timeout is None) == (name in WITHOUT_TIMEOUT), name
            assert 0 <= task.retries <= 3, name
            assert task.retries == 0 or task.retry_delay >= timedelta(seconds=30), name


def test_every_dag_starts_once_for_each_time_and_in_pools_that_there_are(dags):
    """No run is made up for after downtime: the posts themselves are caught up with. No limit is said twice."""
    for dag in dags.values():
        assert dag.catchup is False
        assert 1 <= dag.max_active_runs <= 100
        assert {task.pool for task in dag.tasks} == {"default_pool"}
        assert {task.trigger_rule for task in dag.tasks} == {"all_success"}


def test_only_the_smoke_test_waits_for_a_person_to_unpause_it(dags):
    """It writes to a Page that somebody has to choose first."""
    assert [dag.dag_id for dag in dags.values() if dag.is_paused_upon_creation] == ["smoke_test_page"]


def test_every_mapped_task_is_labelled_for_people(dags):
    """By more than its number, from before it starts."""
    from airflow.sdk.definitions.mappedoperator import MappedOperator

    mapped = [task for dag in dags.values() for task in dag.tasks if isinstance(task, MappedOperator)]
    assert len(mapped) >= 3
    assert all(task.partial_kwargs.get("map_index_template") for task in mapped)


def test_every_task_that_sends_posts_is_followed_and_links_to_them(dags):
    """By other teams through the asset, by people through the button in the task's view."""
    for dag_id, task_id in (("publish_due_posts", "publish"), ("publish_post_now", "publish_now")):
        task = dags[dag_id].get_task(task_id)
        fields = getattr(task, "partial_kwargs", None) or vars(task)
        assert [asset.name for asset in fields["outlets"]] == ["facebook_page_post"], dag_id
        assert [link.name for link in task.operator_extra_links] == ["Live post"], dag_id


def test_every_dag_survives_serialization(dags):
    """The scheduler and the UI see what the file says."""
    from airflow.serialization.serialized_objects import DagSerialization

    for dag in dags.values():
        restored = DagSerialization.deserialize_dag(DagSerialization.serialize_dag(dag))
        assert sorted(task.task_id for task in restored.tasks) == sorted(task.task_id for task in dag.tasks)


def test_publishing_tasks_have_the_policy_and_the_same_delays_as_fallback(dags):
    """A killed worker never reaches the policy; the static fields stand in for it."""
    publish = dags["publish_due_posts"].get_task("publish")
    fields = publish.partial_kwargs
    assert fields["retries"] == 3
    assert fields["retry_delay"] == timedelta(minutes=5)
    assert fields["retry_exponential_backoff"] == 3.0
    assert fields["max_retry_delay"] == timedelta(minutes=45)
    assert type(fields["retry_policy"]).__name__ == "PublishRetryPolicy"


def test_runs_may_overlap_so_that_a_waiting_retry_holds_nobody_back(dags):
    """A run can wait 65 minutes for its retries; one starts each minute."""
    assert dags["publish_due_posts"].max_active_runs >= 70


def test_a_quiet_hour_starts_few_tasks_beside_the_scans():
    """Each costs a second or two of a processor for nothing. Deliveries start when there is something to deliver."""
    first = datetime(2026, 6, 1, tzinfo=UTC)
    starts: dict[str, list[datetime]] = {}
    for file in DAG_FILES:
        for cron in re.findall(r'CronTriggerTimetable\("([^"]+)"', file.read_text()):
            ticks = croniter(cron, first - timedelta(seconds=1)).all_next(datetime)
            starts[file.stem] = list(takewhile(lambda tick: tick < first + timedelta(hours=1), ticks))
    assert len(starts.pop("publish_due_posts")) == 60
    assert sum(map(len, starts.values())) <= 25
    assert len(starts["deliver_notifications"]) == 2
    minutes = [tick.minute for ticks in starts.values() for tick in ticks]
    assert len(minutes) == len(set(minutes)), "no two of them start in one minute"
    told = [*starts["deliver_notifications"], *starts["send_daily_digest"]]
    assert {tick.second for tick in told} == {45}, "posts leave at full minutes, the scan is at 30"


def test_the_policy_gives_5_15_and_45_minutes_and_no_retry_to_what_cant_be_helped():
    """What the lane decided is used to the second; anything unforeseen follows the same steps."""
    from airflow.sdk import RetryAction

    from socialpub.errors import ConfigurationError, PostNotReadyError
    from socialpub.operators.retry_policy import PostsFailedError, PostsWaitError, PublishRetryPolicy

    policy = PublishRetryPolicy()
    assert policy.evaluate(PostsWaitError("x", delay=timedelta(seconds=77)), 1, 3).retry_delay == timedelta(seconds=77)
    for number, minutes in ((1, 5), (2, 15), (3, 45)):
        assert policy.evaluate(RuntimeError("x"), number, 3).retry_delay == timedelta(minutes=minutes)
    for error in (PostsFailedError("x"), ConfigurationError("x"), PostNotReadyError("x")):
        assert policy.evaluate(error, 1, 3).action == RetryAction.FAIL


# What Airflow's own task runner has loaded before it comes to our file.
TASK_PROCESS = "import airflow.sdk.execution_time.task_runner, airflow.sdk, airflow.plugins_manager"
MEASURE = f"""
import os, runpy, sys, time
{TASK_PROCESS}
for path in sys.argv[1:] * 3:
    if not os.fork():
        start = time.process_time()
        runpy.run_path(path, run_name="measured")
        print("measured", path, time.process_time() - start, flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, path
"""
LIMITS = {**dict.fromkeys(DAG_FILES, 0.3), ROOT / "plugins" / "socialpub_plugin.py": 0.05}


@pytest.fixture(scope="module")
def costs() -> dict[str, list[float]]:
    """CPU seconds of three fresh processes a file, forked from one that has loaded what Airflow has, as tasks are."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MEASURE, *map(str, LIMITS)], capture_output=True, text=True, check=True
    )
    found: dict[str, list[float]] = {}
    for path, seconds in re.findall(r"^measured (\S+) (\S+)$", done.stdout, re.MULTILINE):
        found.setdefault(path, []).append(float(seconds))
    return found


@pytest.mark.parametrize(("file", "limit"), LIMITS.items(), ids=lambda value: getattr(value, "name", None))
def test_importing_costs_a_task_process_little(costs, file, limit):
    """In the median, beside what Airflow has loaded itself."""
    _, median, _ = sorted(costs[str(file)])
    assert median < limit, costs[str(file)]


def test_a_dag_file_loads_no_database_and_no_http_library():
    """Every task process parses its DAG file; what it does not need stays out."""
    check = (
        f"{TASK_PROCESS}\nimport sys\nbefore = set(sys.modules)\nimport runpy\n"
        "[runpy.run_path(path) for path in sys.argv[1:]]\n"
        "heavy = {'sqlalchemy.orm', 'requests', 'psycopg', 'socialpub.graph.client', 'socialpub.models'}\n"
        "print(sorted(heavy & (set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", check, *map(str, DAG_FILES)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_provider_offers_the_connection_form():
    """Airflow's provider manager finds "Facebook Graph" with its relabelled fields."""
    from airflow.providers_manager import ProvidersManager

    manager = ProvidersManager()
    manager.initialize_providers_hooks()
    assert manager.hooks["facebook_graph"].hook_name == "Facebook Graph"
    assert "socialpub.operators.links.LivePostLink" in manager.extra_links_class_names
