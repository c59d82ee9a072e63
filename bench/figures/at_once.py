"""Posts that can't wait for the minute: by hand, and by plain SQL due now."""

from __future__ import annotations

import time
from collections.abc import Iterator

from bench.arrivals import read_arrivals
from bench.figure import Figure, Limit, Line
from bench.posts import schedule_batch
from bench.stage import Stage, as_instant
from bench.summary import summarise

_WARM_UPS = 2
_RUNS = 12
_INSERTS = 20
_APART_SECONDS = 6.3  # Not a divisor of the minute, so that the inserts meet the scan at all its phases.
_NEXT_WEEK = 7 * 86_400


def measure_publish_now(stage: Stage) -> Iterator[Line]:
    """From the call of Airflow's REST API to the arrival. The first runs warm up and are left out."""
    stage.report(f"Publishing {_RUNS} posts by hand")
    waits = [_publish_by_hand(stage) for _ in range(_WARM_UPS + _RUNS)]
    summary = summarise(waits[_WARM_UPS:])
    yield Figure("publish_now", "s", summary, Limit("p50", 2.0), details={"first": round(waits[0], 3)}).line()


def _publish_by_hand(stage: Stage) -> float:
    planned = as_instant(time.time() + _NEXT_WEEK)
    batch = schedule_batch(stage.backoffice, stage.pages(1), label="by hand", publish_at=planned)
    triggered_at = time.time()
    conf = {"post": str(batch.post_ids[0]), "reason": "Benchmark", "dry_run": False}
    stage.airflow.trigger("publish_post_now", conf)
    stage.wait_until_published(batch, seconds=60)
    return read_arrivals(stage.sandbox, batch.bodies, since=triggered_at).at[batch.bodies[0]] - triggered_at


def measure_sql_insert_due_now(stage: Stage) -> Iterator[Line]:
    """From the start of the inserting transaction to the arrival, whatever wakes the scan."""
    pages, inserted = stage.pages(_INSERTS), []
    started_at = time.time()
    for number, page in enumerate(pages):
        stage.wait_until(started_at + number * _APART_SECONDS)
        stage.report(f"Post {number + 1} of {_INSERTS} by SQL, due now")
        now = time.time()
        inserted.append((now, schedule_batch(stage.backoffice, [page], label="due now", publish_at=as_instant(now))))
    for _, batch in inserted:
        stage.wait_until_published(batch, seconds=90)
    at = read_arrivals(stage.sandbox, [batch.bodies[0] for _, batch in inserted], since=started_at).at
    waits = [at[batch.bodies[0]] - due_at for due_at, batch in inserted]
    yield Figure("sql_insert_due_now", "s", summarise(waits), Limit("p95", 4.0)).line()
