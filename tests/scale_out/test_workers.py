"""Two Celery workers share the lanes, and one of them dies amid its work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from celery import Celery
from tests.airflow_runs.conftest import eventually
from tests.needs import needs_redis
from tests.scale_out.conftest import SERVICES

from local_stack.backoffice import Backoffice
from local_stack.stack import Stack
from local_stack.state import PROJECT

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400), needs_redis]

PAGES = [str(280000000000000 + number) for number in range(50)]
BODIES = [f"Scaled out {number}" for number in range(500)]


@pytest.fixture
def office(stack: Stack) -> Iterator[Backoffice]:
    """No help from the sandbox: what is sent twice becomes two posts."""
    stack.sandbox.set_refuse_duplicates(False)
    yield Backoffice(stack.database_url(), token_keys=stack.token_keys, sandbox=stack.sandbox)


def posts_of(stack: Stack, office: Backoffice, worker: str, posts: list[UUID]) -> list[UUID]:
    """The posts of the lanes that the worker is at, as Celery and Airflow tell them."""
    assert stack.broker is not None
    with Celery(broker=stack.broker.url) as app:
        [active] = app.control.inspect([f"celery@{worker}"], timeout=10).active().values()
    tasks = [json.loads(task["args"][0])["ti"] for task in active]
    [(run_id,)] = office.rows(
        "select distinct run_id from social_publish_attempts where scheduled_post_id = any(%s)", posts
    )
    entry = f"dags/publish_due_posts/dagRuns/{run_id}/taskInstances/claim_due_posts/xcomEntries/return_value"
    lanes = stack.airflow.get(entry)["value"]
    lanes = json.loads(lanes) if isinstance(lanes, str) else lanes
    mine = [task["map_index"] for task in tasks if task["run_id"] == run_id and task["task_id"] == "publish"]
    return [UUID(post_id) for index in mine for post_id in lanes[index]]


def scan_until_published(stack: Stack, office: Backoffice, posts: list[UUID], *, seconds: float) -> None:
    """Scans come every minute; more of them only shorten the test."""
    asked = time.monotonic()

    def is_done() -> bool:
        nonlocal asked
        if time.monotonic() > asked + 10:
            asked = time.monotonic()
            stack.airflow.trigger("publish_due_posts", {})
        return office.statuses(posts) == {"published": len(posts)}

    eventually(is_done, seconds=seconds, what=lambda: office.statuses(posts))


def test_500_posts_outlive_one_of_two_workers(stack, office):
    """A worker that is killed amid its lanes costs time only: in the end each post is on its Page, once."""
    larps = [office.add_page(page_id, f"Scaled {page_id}") for page_id in PAGES]
    stack.sandbox.set_latency(2)
    posts = office.schedule(larps, BODIES, due_in=0)
    stack.airflow.trigger("publish_due_posts", {})
    eventually(
        lambda: office.statuses(posts).get("published", 0) >= 100, seconds=90, what=lambda: office.statuses(posts)
    )
    doomed = posts_of(stack, office, "worker-1", posts)
    stack.component("worker-1").kill()
    left = office.statuses(doomed)
    assert left["published"] > 0
    assert left["publishing"] > 0
    assert left["queued"] > 0
    assert len(posts_of(stack, office, "worker-2", posts)) > 0
    stack.sandbox.set_latency(0)
    scan_until_published(stack, office, posts, seconds=180)
    visible = [post for page_id in PAGES for post in stack.sandbox.posts(page_id)]
    assert Counter(post.message for post in visible) == Counter(BODIES)
    known = office.rows("select facebook_post_id from social_scheduled_posts where id = any(%s)", posts)
    assert {post.id for post in visible} == {post_id for (post_id,) in known}
    assert attempts(office, doomed, "did not send it in time") >= left["queued"]
    assert attempts(office, doomed, "vanished after the fence") >= left["publishing"]


def attempts(office: Backoffice, posts: list[UUID], why: str) -> int:
    """How many attempts at the posts the scan took back, with these words."""
    query = "select count(*) from social_publish_attempts where scheduled_post_id = any(%s) and error_message like %s"
    [(count,)] = office.rows(query, posts, f"%{why}%")
    return int(count)


def test_posts_go_on_when_redis_comes_back_with_nothing(stack, office):
    """Workers that stayed find the new Redis by themselves, and those that died are started again."""
    stack.component("redis").kill()
    stack.revive()
    larp = office.add_page("290000000000001", "After Redis")
    posts = office.schedule([larp], ["Redis is new"], due_in=0)
    scan_until_published(stack, office, posts, seconds=120)
    stack.wait_until_ready()


def is_well(stack: Stack, service: str, *, hostname: str = "") -> bool:
    """The service's health check of docker-compose.yaml, with the environment that its entry point would give it."""
    kind, *rest = SERVICES[service]["healthcheck"]["test"]
    command = (rest[0] if kind == "CMD-SHELL" else " ".join(rest)).replace("$$", "$")
    program = command.removeprefix("python include/docker/entrypoint.py ")
    assert program != command
    environment = {**stack._environment, "HOSTNAME": hostname, "PATH": f"{Path(sys.executable).parent}:{os.defpath}"}
    done = subprocess.run(["sh", "-c", program], env=environment, cwd=PROJECT, capture_output=True, check=False)
    return done.returncode == 0


def test_the_health_checks_of_the_containers_know_the_living_from_the_dead(stack):
    """Each says yes where its program runs, and the worker's says no to one that was killed."""
    stack.component("worker-1").kill()
    assert is_well(stack, "airflow-scheduler")
    assert is_well(stack, "airflow-dag-processor")
    assert is_well(stack, "airflow-triggerer")
    assert is_well(stack, "airflow-worker", hostname="worker-2")
    assert not is_well(stack, "airflow-worker", hostname="worker-1")


def test_airflow_sends_the_metrics_that_the_documents_name(stack, statsd):
    """With docker-compose.yaml's settings; the exporter makes underscores of dots, and labels of tags."""
    documents = "".join((PROJECT / "docs" / name).read_text() for name in ("deployment.md", "scaling.md"))
    named = set(re.findall(r"`(airflow_[a-z_]+)`", documents))
    assert named
    eventually(
        lambda: named <= {name.replace(".", "_") for name in statsd.names}, seconds=90, what=lambda: statsd.names
    )
    assert any(line.startswith("airflow.ti.finish,") and "dag_id=publish_due_posts" in line for line in statsd.lines)
    assert not any("manual__" in line or "scheduled__" in line for line in statsd.lines)
