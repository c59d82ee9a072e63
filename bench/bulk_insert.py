"""The backoffice schedules a million approved drafts in one statement. `python -m bench.bulk_insert [rows]`."""

from __future__ import annotations

import json
import sys
import time

from bench.figure import Figure, Limit, Line
from bench.fresh_database import ADD_APPROVED_DRAFTS, ADD_PAGES, FreshDatabase, fresh_database
from bench.summary import summarise

ROWS = 1_000_000
PAGES = 1_000
LIMIT = Limit("max", 60)


def prepare_drafts(database: FreshDatabase, rows: int) -> None:
    """Approved drafts of many Pages, as weeks of work in the backoffice would leave them."""
    database.prepare(ADD_PAGES, pages=PAGES)
    database.prepare(ADD_APPROVED_DRAFTS, rows=rows)
    with database.connect() as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def schedule_all(database: FreshDatabase) -> tuple[int, float]:
    """How many posts the one statement scheduled, and its seconds from sending it to the end of its commit."""
    with database.connect("socialpub_backoffice_app") as connection:
        started = time.monotonic()
        rows = connection.execute(
            "insert into social_scheduled_posts (draft_id, publish_at)"
            " select id, now() + interval '1 day' + random() * interval '300 days'"
            " from social_drafts where status = 'approved'"
        ).rowcount
        return rows, time.monotonic() - started


def measure(rows: int) -> Line:
    with fresh_database() as database:
        prepare_drafts(database, rows)
        done, seconds = schedule_all(database)
        load = database.load.read()
    assert done == rows, f"{done} of {rows} rows"
    return Figure("bulk_insert_1m", "s", summarise([seconds]), LIMIT, details={"rows": rows, **load}).line()


def main() -> None:
    print(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else ROWS)))


if __name__ == "__main__":
    main()
