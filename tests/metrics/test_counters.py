"""Counters are the table's truth, whatever writes, races or dies."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from socialpub.api.metric_families import COUNTERS, GAUGES, HISTOGRAMS, ReadingCollector
from socialpub.db.engine import transaction
from socialpub.db.metrics import end_scan
from socialpub.db.posts import Run
from socialpub.graph.latency import LATENCIES
from socialpub.services.claim import ScanLimits, scan_due_posts
from socialpub.services.latencies import write_latencies
from socialpub.services.metrics import read_metrics

PUBLISH = """
update social_scheduled_posts set status = 'published', published_at = publish_at + make_interval(secs => %s),
    facebook_post_id = '1_' || (random() * 1e12)::bigint, claimed_by = null, lease_expires_at = null
where id = any(%s)
"""


def scrape(world) -> dict[tuple[str, frozenset], float]:
    """Sample name and labels → value, as Prometheus would store it."""
    engine = world.engine(pool_size=1)
    registry = CollectorRegistry()
    registry.register(ReadingCollector(read_metrics(engine)))
    engine.dispose()
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {(sample.name, frozenset(sample.labels.items())): sample.value for f in families for sample in f.samples}


def value(world, name: str, **labels: str) -> float:
    return scrape(world)[name, frozenset(labels.items())]


def end_a_scan(world) -> None:
    engine = world.engine(pool_size=1)
    with transaction(engine, actor="test") as session:
        end_scan(session)
    engine.dispose()


def send(world, posts) -> None:
    """Bring posts behind the fence, as a lane does."""
    lease = "claimed_by = 'd/r', lease_expires_at = now() + interval '3 minutes'"
    for status in ("queued", "publishing"):
        world.run(
            f"update social_scheduled_posts set status = '{status}', {lease} where id = any(%s)",
            list(posts), user="airflow_login",
        )  # fmt: skip


@pytest.fixture
def larp(world):
    return world.add_page()


def test_each_metric_is_there_from_the_start_with_zero(world):
    """So that the first failure is an increase, and an alert on it can fire."""
    families = {name for name, _ in scrape(world)}
    assert {*COUNTERS, *GAUGES} - families == {"social_page_token_days_left", "social_last_scan_timestamp_seconds"}
    assert value(world, "social_post_publish_failure_total", error="InvalidPostError", delivery="direct") == 0
    assert {f"{name}_count" for name in HISTOGRAMS} <= families


def test_scheduled_and_published_posts_and_their_lateness_are_counted(world, larp):
    """One statement of several posts counts each; the sum of the scan changes nothing."""
    posts = [world.schedule(larp, due_in=-60) for _ in range(3)]
    send(world, posts)
    world.run(PUBLISH, 4, posts[:2], user="airflow_login")
    world.run(PUBLISH, 61, posts[2:], user="airflow_login")
    for _ in range(2):
        found = scrape(world)
        direct = ("delivery", "direct")
        assert found["social_posts_scheduled_total", frozenset({direct})] == 3
        assert found["social_post_publish_success_total", frozenset({direct})] == 3
        lateness = {
            dict(labels)["le"]: amount
            for (name, labels), amount in found.items()
            if name == "social_publish_lateness_seconds_bucket"
        }
        assert (lateness["2.0"], lateness["5.0"], lateness["60.0"], lateness["120.0"], lateness["+Inf"]) == (
            0,
            2,
            2,
            3,
            3,
        )
        assert found["social_publish_lateness_seconds_sum", frozenset({direct})] == pytest.approx(69)
        end_a_scan(world)
    assert world.one("select count(*) from social_metric_changes") == (0,)


def test_a_failure_tells_its_class_whichever_row_is_written_first(world, larp):
    """The post may be moved before its attempt is closed; both are one transaction."""
    post = world.schedule(larp)
    send(world, [post])
    world.run(
        "insert into social_publish_attempts (scheduled_post_id, attempt_number, dag_id, run_id)"
        " values (%s, 1, 'd', 'r')",
        post, user="airflow_login",
    )  # fmt: skip
    with world.connect("airflow_login") as connection, connection.transaction():
        connection.execute("update social_scheduled_posts set status = 'failed', status_reason = 'no',"
                           " claimed_by = null, lease_expires_at = null where id = %s", (post,))  # fmt: skip
        connection.execute("update social_publish_attempts set outcome = 'failed', finished_at = now(),"
                           " error_class = 'InvalidPostError'")  # fmt: skip
    assert value(world, "social_post_publish_failure_total", error="InvalidPostError", delivery="direct") == 1
    assert value(world, "social_publish_attempts_unsuccessful_total", outcome="failed") == 1


def test_a_class_that_nobody_knows_becomes_other(world):
    """A label is of a closed set, whatever stands in the table."""
    world.run("insert into social_metric_changes values ('social_post_publish_failure_total', '{Ünknown,direct}', 2)")
    assert value(world, "social_post_publish_failure_total", error="other", delivery="direct") == 2


def test_counters_never_go_down(world):
    """By no login of ours: neither by a negative amount nor by a delete."""
    for statement in (
        "insert into social_metric_changes values ('x', '{}', -1)",
        "insert into social_metric_changes values ('x', '{}', 'NaN')",
        "delete from social_metric_changes",
        "update social_metric_totals set amount = 0",
    ):
        with pytest.raises(Exception, match="counters_never_go_down|permission denied"):
            world.run(statement, user="airflow_login")


def test_many_who_count_while_scans_sum_up_lose_nothing(world):
    """Four writers and two scans at once; every reading is at least as high as the one before."""
    stop, readings = threading.Event(), []

    def count() -> None:
        with world.connect("airflow_login") as connection:
            for _ in range(300):
                connection.execute(
                    "insert into social_metric_changes values ('social_posts_missed_total', '{direct}', 1)"
                )

    def sum_up() -> None:
        while not stop.is_set():
            end_a_scan(world)

    writers = [threading.Thread(target=count) for _ in range(4)]
    scans = [threading.Thread(target=sum_up) for _ in range(2)]
    for thread in (*writers, *scans):
        thread.start()
    while any(thread.is_alive() for thread in writers):
        readings.append(value(world, "social_posts_missed_total", delivery="direct"))
    stop.set()
    for thread in scans:
        thread.join()
    assert readings == sorted(readings)
    assert value(world, "social_posts_missed_total", delivery="direct") == 1200


def test_a_count_that_is_rolled_back_never_was(world, larp):
    """What a killed writer did not commit is in no counter."""
    with world.connect("backoffice_login") as connection:
        connection.execute("begin")
        draft = world.add_draft(larp)
        connection.execute("insert into social_scheduled_posts (draft_id, publish_at) values (%s, now())", (draft,))
        connection.execute("rollback")
    assert value(world, "social_posts_scheduled_total", delivery="direct") == 0


def test_latencies_of_a_process_are_written_once(world):
    """By edge and outcome; ids in a path are no labels."""
    LATENCIES.take()
    for seconds in (0.04, 0.3, 40):
        LATENCIES.observe("200000000000001/feed", None, seconds)
    LATENCIES.observe("200000000000001_5", None, 0.3)
    engine = world.engine(pool_size=1)
    for _ in range(2):
        write_latencies(engine)
    found = scrape(world)
    feed = {("edge", "feed"), ("outcome", "success")}
    assert found["facebook_api_latency_seconds_bucket", frozenset({*feed, ("le", "0.05")})] == 1
    assert found["facebook_api_latency_seconds_bucket", frozenset({*feed, ("le", "0.35")})] == 2
    assert found["facebook_api_latency_seconds_count", frozenset(feed)] == 3
    assert found["facebook_api_latency_seconds_sum", frozenset(feed)] == pytest.approx(40.34)
    assert found["facebook_api_latency_seconds_count", frozenset({("edge", "node"), ("outcome", "success")})] == 1


def test_latencies_without_a_database_fail_no_task(world, caplog):
    """They are lost, and the log says so."""
    LATENCIES.observe("1/feed", None, 1)
    engine = world.engine(pool_size=1)
    world.run("alter table social_metric_changes rename to gone")
    write_latencies(engine)
    assert "not counted" in caplog.text


def test_what_is_due_says_why_it_waits(world, larp):
    """A paused Page is no trouble of ours; a post that nobody takes is."""
    world.schedule(larp, due_in=-300)
    assert value(world, "social_posts_due", why="none") == 1
    assert value(world, "social_post_oldest_due_age_seconds", why="none") == pytest.approx(300, abs=5)
    world.run("update facebook_page_connections set paused_at = now(), paused_by = 'anna', pause_reason = 'storm'")
    assert value(world, "social_posts_due", why="none") == 0
    assert value(world, "social_posts_due", why="paused") == 1
    assert value(world, "social_pages_paused") == 1


def test_stuck_and_unconfirmed_posts_and_their_age_are_seen(world, larp):
    """A lease that ended minutes ago without a rescue, and a post whose outcome nobody knows."""
    posts = [world.schedule(larp) for _ in range(2)]
    send(world, posts)
    world.run(
        "update social_scheduled_posts set lease_expires_at = now() - interval '5 minutes' where id = %s", posts[0]
    )
    world.run("update social_scheduled_posts set status = 'unconfirmed', status_reason = 'no answer',"
              " claimed_by = null, lease_expires_at = null where id = %s", posts[1], user="airflow_login")  # fmt: skip
    assert value(world, "social_posts_stuck") == 1
    assert value(world, "social_posts_under_way", status="publishing") == 1
    assert value(world, "social_posts_unconfirmed") == 1
    assert value(world, "social_post_oldest_unconfirmed_age_seconds") < 10


def test_failures_in_a_row_end_with_a_success(world, larp):
    """Of the LARP where it is worst, whoever else succeeds meanwhile."""
    event = "insert into social_outbox (event, dedupe_key, larp_id) values (%s, gen_random_uuid()::text, %s)"
    other = world.add_page("200000000000002")
    for _ in range(3):
        world.run(event, "SocialPublishFailedEvent", larp)
    world.run(event, "SocialPublishSucceededEvent", other)
    assert value(world, "social_publish_failures_in_a_row") == 3
    world.run(event, "SocialPublishSucceededEvent", larp)
    assert value(world, "social_publish_failures_in_a_row") == 0


def test_tokens_are_counted_by_the_days_they_have_left(world, larp):
    """Of connected Pages; one that never ends has no days."""
    assert ("social_page_token_days_left", frozenset()) not in scrape(world)
    world.run("update facebook_page_connections set token_expires_at = now() + interval '3 days'")
    assert value(world, "social_page_token_days_left") == pytest.approx(3, abs=0.01)
    assert value(world, "social_page_tokens_expiring") == 1
    world.run("update facebook_page_connections set token_status = 'lost', token_problem = 'expired'")
    assert (value(world, "social_page_tokens_expiring"), value(world, "social_page_tokens_lost")) == (0, 1)


def test_a_scan_says_when_it_came_to_its_end(world):
    """Which nothing else does: the alert on a dead scheduler hangs on it."""
    engine = world.engine(pool_size=1)
    scan_due_posts(engine, Run("publish_due_posts", "1"), ScanLimits(lease=timedelta(minutes=3)))
    [now] = world.one("select extract(epoch from now())::float8")
    assert value(world, "social_last_scan_timestamp_seconds") == pytest.approx(now, abs=10)


def test_a_migration_counts_what_is_there_already(world, larp, postgres):
    """Counters of an installation that was there before start at the table's truth."""
    from socialpub.db.schema import downgrade, upgrade

    posts = [world.schedule(larp, due_in=-60) for _ in range(2)]
    send(world, posts[:1])
    world.run(PUBLISH, 4, posts[:1], user="airflow_login")
    world.run("update social_scheduled_posts set status = 'canceled', status_reason = 'x' where id = %s", posts[1])
    before = scrape(world)
    downgrade(world.url("postgres"), "0010")
    upgrade(world.url("postgres"))
    after = scrape(world)
    differing = {key: (amount, after.get(key)) for key, amount in before.items() if after.get(key) != amount}
    assert {key: pair for key, pair in differing.items() if not key[0].endswith("_seconds")} == {}
