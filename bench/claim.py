"""A scan with 1,000 due posts of 1,000 Pages, among few and among many final ones. `python -m bench.claim [rows]`.

Each repetition is a whole committed scan as the publisher's login, of posts that were scheduled for it: the same posts
again would leave a trail of dead versions that each claim has to step over, which a post claimed once does not have.
The figure is the claim's statement. Beside it the line has the claim with the attempts it opens, and the whole scan
with its rescue, commits and all.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, LiteralString

from sqlalchemy import Engine, event

from bench.figure import Figure, Limit, Line, Peer
from bench.fresh_database import ADD_APPROVED_DRAFTS, ADD_PAGES, FreshDatabase, fresh_database
from bench.summary import Summary, summarise
from socialpub.db.engine import open_engine
from socialpub.db.posts import Run
from socialpub.db.sql_files import read_query
from socialpub.services.claim import ScanLimits, scan_due_posts

DUE = 1_000
FEW, MANY = 10_000, 5_000_000
REPETITIONS = 40
LIMIT = Limit("p95", 25, peer_factor=1.5)
# However slow the machine is, none of the posts may become overdue, which is another statement.
LIMITS = ScanLimits(overdue_after=timedelta(days=1))

# Ids in order keep the primary key's index quick to fill; the other indexes are made afterwards.
ADD_HISTORY: LiteralString = """
insert into social_scheduled_posts (
    id, draft_id, connection_id, publish_at, status, content_hash, published_at, facebook_post_id, delivery,
    created_by
)
select lpad(to_hex(n), 32, '0')::uuid, ('dddddddd' || lpad(to_hex(n), 24, '0'))::uuid,
    ids[1 + n %% cardinality(ids)], at, 'published', repeat('0', 64), at, '1_' || n, 'direct', 'anna'
from (select array_agg(id) as ids from facebook_page_connections) as page
cross join generate_series(%(first)s::bigint, %(last)s) as n
cross join lateral (select now() - n * interval '20 seconds' as at) as past
"""
TAKE_AWAY: tuple[LiteralString, ...] = (
    "delete from social_publish_attempts",
    "delete from social_scheduled_posts where status = 'queued'",
    "delete from social_draft_approvals",
    "delete from social_drafts",
)


def add_history(database: FreshDatabase, first: int, last: int) -> None:
    with database.connect() as connection:
        indexes = connection.execute(
            "select indexname, indexdef from pg_indexes"
            " where tablename = 'social_scheduled_posts' and indexname not in (select conname from pg_constraint)"
        ).fetchall()
        connection.execute("set session_replication_role = replica")
        connection.execute("set maintenance_work_mem = '512MB'")
        for name, _ in indexes:
            connection.execute(f"drop index {name}".encode())
        connection.execute(ADD_HISTORY, {"first": first, "last": last})
        for _, definition in indexes:
            connection.execute(definition.encode())
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def schedule_due_posts(database: FreshDatabase) -> None:
    database.prepare(ADD_APPROVED_DRAFTS, rows=DUE)
    with database.connect("socialpub_backoffice_app") as connection:
        connection.execute(
            "insert into social_scheduled_posts (draft_id, publish_at) select id, now() from social_drafts"
        )


def time_statements(engine: Engine) -> dict[str, float]:
    """The milliseconds of each statement by its text, kept up to date while they run."""
    spent: dict[str, float] = defaultdict(float)

    def start(_: Any, __: Any, ___: Any, ____: Any, context: Any, _____: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        context.started = time.perf_counter()

    def end(_: Any, __: Any, statement: str, ___: Any, context: Any, ____: Any) -> None:  # noqa: ANN401 - SQLAlchemy's
        took = (time.perf_counter() - context.started) * 1000
        spent[statement] += took

    event.listen(engine, "before_cursor_execute", start)
    event.listen(engine, "after_cursor_execute", end)
    return spent


def scan_repeatedly(database: FreshDatabase) -> Iterator[dict[str, float]]:
    engine = open_engine(database.url("socialpub_airflow"), pool_size=1)
    spent = time_statements(engine)
    for number in range(-2, REPETITIONS):
        schedule_due_posts(database)
        spent.clear()
        started = time.perf_counter()
        scan = scan_due_posts(engine, Run("publish_due_posts", str(number)), LIMITS)
        took = (time.perf_counter() - started) * 1000
        assert scan.claimed == DUE, scan
        database.prepare(*TAKE_AWAY)
        if number >= 0:  # The first two only warm the caches.
            claim, attempts = (of_query(spent, name) for name in ("claim_due_posts", "open_attempt"))
            yield {
                "claim": claim,
                "with_attempts": round(claim + attempts, 1),
                "whole_scan": round(took, 1),
            }
    engine.dispose()


def of_query(spent: dict[str, float], name: str) -> float:
    """What the statements of that file took; each starts with its reason."""
    reason = read_query(name).splitlines()[0]
    return sum(took for statement, took in spent.items() if statement.startswith(reason))


def summarise_parts(samples: list[dict[str, float]]) -> dict[str, Summary]:
    return {part: summarise([sample[part] for sample in samples]) for part in samples[0]}


def make_figure(among_few: dict[str, Summary], among_many: dict[str, Summary], **details: object) -> Figure:
    """The claim's statement; what else a scan does is told, not required."""
    rest = {
        f"{part}_ms": {"p50": of.p50, "p95": of.p95, "max": of.max, "p95_among_few": among_few[part].p95}
        for part, of in among_many.items()
        if part != "claim"
    }
    peer = Peer(f"among {FEW // 1000} k", among_few["claim"])
    return Figure("claim_1000_due", "ms", among_many["claim"], LIMIT, [peer], details={**rest, **details})


def measure(many: int) -> Line:
    with fresh_database() as database:
        database.prepare(ADD_PAGES, pages=DUE)
        add_history(database, 1, FEW)
        among_few = summarise_parts(list(scan_repeatedly(database)))
        started = time.monotonic()
        add_history(database, FEW + 1, many)
        prepared = round(time.monotonic() - started)
        among_many = summarise_parts(list(scan_repeatedly(database)))
        load = database.load.read()
    return make_figure(among_few, among_many, history=many, prepared_in_s=prepared, **load).line()


def main() -> None:
    print(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else MANY)))


if __name__ == "__main__":
    main()
