"""Posts through a real Airflow: scheduler, LocalExecutor and all."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from uuid import UUID

import pytest

from local_stack.stack import Stack
from tests.airflow_runs.conftest import Office, eventually

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(400)]

ATTEMPTS = "select outcome from social_publish_attempts where scheduled_post_id = %s order by attempt_number"
BURST = [f"Burst post {n}" for n in range(200)]


def arrivals(office: Office, prefix: str) -> list:
    return [
        a
        for a in office.stack.sandbox.arrivals(edge="feed", method="POST")
        if a.message is not None and a.message.startswith(prefix)
    ]


def settled(office: Office, posts: list, wanted: dict[str, int], *, seconds: float) -> None:
    eventually(lambda: office.statuses(posts) == wanted, seconds=seconds, what=lambda: office.statuses(posts))


# What waits for minutes by itself begins with the first test, so that all of it waits at once.
@pytest.fixture(scope="module")
def throttled(stack: Stack) -> UUID:
    """A post that Facebook has asked to come again in a minute."""
    office = Office(stack)
    larp = office.add_page("250000000000001", "Throttled")
    office.stack.sandbox.add_fault("throttle_80001", page_id="250000000000001", regain_minutes=1)
    [post] = office.schedule([larp], ["After the pause"], due_in=0)
    attempts = lambda: office.rows(ATTEMPTS, post)  # noqa: E731 - read twice
    eventually(lambda: attempts() == [("rate_limited",)], seconds=100, what=attempts)
    return post


@pytest.fixture(scope="module")
def burst(stack: Stack) -> list[UUID]:
    """200 posts over 40 Pages, all for one second, which is far from the first test's."""
    office = Office(stack)
    larps = [office.add_page(str(220000000000000 + n), f"Burst {n}") for n in range(40)]
    return office.schedule(larps, BURST, due_in=180)


@pytest.mark.usefixtures("throttled", "burst")
def test_a_post_due_in_90_seconds_arrives_within_a_second_of_its_second(office):
    """Measured where it counts: when the sandbox saw it."""
    larp = office.add_page("210000000000001", "Punctual")
    posts = office.schedule([larp], ["On the second"], due_in=90)
    eventually(
        lambda: any(
            task["state"] == "running" and str(task["rendered_map_index"]).startswith("Punctual · On the second · ")
            for task in office.tasks_of(posts[0])
        ),
        seconds=90,
        what=lambda: office.tasks_of(posts[0]),
    )
    settled(office, posts, {"published": 1}, seconds=150)
    [arrival] = arrivals(office, "On the second")
    [(due,)] = office.rows("select publish_at from social_scheduled_posts where id = %s", posts[0])
    assert 0 <= arrival.arrived_at - due.timestamp() <= 1.0
    eventually(
        lambda: office.task_of(posts[0])["state"] == "success", seconds=20, what=lambda: office.task_of(posts[0])
    )
    task = office.task_of(posts[0])
    links = office.stack.airflow.get(
        f"dags/publish_due_posts/dagRuns/{task['dag_run_id']}/taskInstances/publish/links?map_index={task['map_index']}"
    )
    [(permalink,)] = office.rows("select permalink_url from social_scheduled_posts where id = %s", posts[0])
    assert links["extra_links"] == {"Live post": permalink}
    [told] = [
        post
        for event in office.stack.airflow.get("assets/events?limit=100&order_by=-timestamp")["asset_events"]
        for post in event["extra"].get("posts", ())
        if post["scheduled_post_id"] == str(posts[0])
    ]
    assert (told["page_id"], told["permalink_url"]) == ("210000000000001", permalink)


def test_a_permanent_error_is_one_attempt_and_a_red_task_with_the_reason(office):
    """A person sees the red task; its row says why and what to do."""
    larp = office.add_page("230000000000001", "Refused")
    office.stack.sandbox.add_fault("invalid_100", page_id="230000000000001", times=0)
    posts = office.schedule([larp], ["Never good enough"], due_in=0)
    settled(office, posts, {"failed": 1}, seconds=100)
    assert office.rows("select count(*) from social_publish_attempts where scheduled_post_id = %s", posts[0]) == [(1,)]
    eventually(lambda: office.task_of(posts[0])["state"] == "failed", seconds=20, what=lambda: office.task_of(posts[0]))
    assert office.task_of(posts[0])["try_number"] == 1


def test_a_retryable_error_waits_exactly_five_minutes_for_its_first_retry(office):
    """Airflow holds the task for its retry, and the row says when: five minutes after the attempt ended."""
    larp = office.add_page("240000000000001", "Patient")
    office.stack.sandbox.add_fault("link_1609005", page_id="240000000000001", times=0)
    posts = office.schedule([larp], ["Link not ready"], due_in=0)
    settled(office, posts, {"queued": 1}, seconds=100)
    eventually(
        lambda: office.rows(
            "select extract(epoch from p.next_attempt_at - a.finished_at)::int from social_scheduled_posts p"
            " join social_publish_attempts a on a.scheduled_post_id = p.id where p.id = %s", posts[0]
        ) == [(300,)],
        seconds=60,
        what=lambda: office.rows("select * from social_publish_attempts where scheduled_post_id = %s", posts[0]),
    )  # fmt: skip
    eventually(
        lambda: office.task_of(posts[0])["state"] == "up_for_retry", seconds=20, what=lambda: office.task_of(posts[0])
    )
    office.run("update social_scheduled_posts set status = 'canceled' where id = %s", posts[0])


def test_a_rate_limit_reschedules_without_using_a_try(office, throttled):
    """The task waits up for reschedule and publishes when Facebook's window opens, still in its first try."""
    settled(office, [throttled], {"published": 1}, seconds=200)
    eventually(
        lambda: office.task_of(throttled)["state"] == "success", seconds=20, what=lambda: office.task_of(throttled)
    )
    assert office.task_of(throttled)["try_number"] == 1
    assert office.rows(ATTEMPTS, throttled) == [("rate_limited",), ("published",)]


def test_publish_now_sends_at_once_and_keeps_actor_and_reason(office):
    """A draft planned for next week goes out now, by hand, with its planned time unchanged."""
    larp = office.add_page("260000000000001", "Urgent")
    [post] = office.schedule([larp], ["Gates moved to 20:00"], due_in=7 * 86400)
    [(planned,)] = office.rows("select publish_at from social_scheduled_posts where id = %s", post)
    office.stack.airflow.trigger("publish_post_now", {"post": str(post), "reason": "Storm warning", "dry_run": False})
    settled(office, [post], {"published": 1}, seconds=60)
    assert len(arrivals(office, "Gates moved")) == 1
    assert office.rows(
        "select publish_at, requested_now_by, requested_now_reason from social_scheduled_posts where id = %s", post
    ) == [(planned, "airflow:admin", "Storm warning")]
    assert office.rows(
        "select distinct actor from social_audit_log where action = 'scheduled_post.queued' and entity_id = %s", post
    ) == [("airflow:admin",)]


def test_a_dry_run_shows_the_request_and_sends_nothing(office):
    """The log holds the request; the post stays as it was; the task is skipped."""
    larp = office.add_page("270000000000001", "Careful")
    [post] = office.schedule([larp], ["Only looking"], due_in=86400)
    airflow = office.stack.airflow
    run_id = airflow.trigger("publish_post_now", {"post": str(post), "reason": "Checking", "dry_run": True})
    eventually(
        lambda: airflow.task_instances("publish_post_now", run_id)[0]["state"] == "skipped",
        seconds=60,
        what=lambda: airflow.task_instances("publish_post_now", run_id),
    )
    log = json.dumps(airflow.get(f"dags/publish_post_now/dagRuns/{run_id}/taskInstances/publish_now/logs/1"))
    assert "Only looking" in log
    assert "270000000000001/feed" in log
    assert office.statuses([post]) == {"pending": 1}
    assert arrivals(office, "Only looking") == []


@pytest.mark.parametrize("conf", [{"post": "42", "reason": "x"}, {"post": "", "reason": "Storm"}, {"reason": "Storm"}])
def test_a_form_that_is_filled_in_wrongly_is_refused_before_a_run_starts(office, conf):
    """Airflow's own form check answers 400 for a malformed id or a missing reason."""
    with pytest.raises(Exception, match="400"):
        office.stack.airflow.trigger("publish_post_now", conf)


def test_the_doctor_finds_a_running_installation_healthy(office):
    """With the very environment that Airflow's components have: keys, connections, pools and all."""
    command = [sys.executable, "-m", "socialpub.cli", "doctor"]
    done = subprocess.run(
        command, env=office.stack.environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert "ok   airflow pools: room for 16 lanes" in done.stdout, done.stdout + done.stderr
    assert "ok   token keys" in done.stdout
    assert "ok   facebook app" in done.stdout


def test_200_posts_of_one_second_all_arrive_exactly_once(office, burst):
    """A burst over 40 Pages: each post once, none lost."""
    settled(office, burst, {"published": 200}, seconds=200)
    assert Counter(a.message for a in arrivals(office, "Burst post")) == Counter(BURST)


def test_quiet_minutes_are_never_red(office):
    """No scan of this whole session failed; only runs with a post that failed on purpose are red."""
    runs = office.stack.airflow.runs("publish_due_posts")
    scans = [
        instance
        for run in runs
        for instance in office.stack.airflow.task_instances("publish_due_posts", run["dag_run_id"])
        if instance["task_id"] == "claim_due_posts"
    ]
    assert scans
    assert {scan["state"] for scan in scans} <= {"success", "running", "queued", "scheduled", None}


def test_no_token_is_in_any_log_xcom_or_url(office):
    """The whole run is searched: log files, XComs, rendered fields, and what the sandbox was sent."""
    secrets = [b"EAAGsandbox", b"sandbox-app-secret", office.stack.token_keys.encode()]
    for path in office.stack.home.path.rglob("*.log"):
        text = path.read_bytes()
        for secret in secrets:
            assert secret not in text, path
    from psycopg import connect

    with connect(office.stack.postgres.url("airflow").replace("+psycopg", "")) as connection:
        for table in ("xcom", "rendered_task_instance_fields", "log", "serialized_dag"):
            for (row,) in connection.execute(f"select row_to_json(t)::text from {table} as t"):
                assert not any(secret.decode() in row for secret in secrets), table
    sent = office.stack.sandbox.arrivals(edge="feed", method="POST")
    assert sent
    assert {arrival.token_transport for arrival in sent} == {"header"}
