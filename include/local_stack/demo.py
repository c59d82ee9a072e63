"""Waiting for the samples' final states, and the table that shows them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url

from graph_sandbox.control import SandboxControl
from local_stack.samples import Sample
from local_stack.state import StackError

_FINAL = {"published", "failed", "canceled", "missed"}
_QUERY = """
    select post.id, page.page_name, draft.title, draft.body, post.publish_at, post.status, post.status_reason,
        post.permalink_url, post.facebook_post_id, larp.time_zone
    from social_scheduled_posts as post
    join social_drafts as draft on draft.id = post.draft_id
    join larps as larp on larp.id = draft.larp_id
    join facebook_page_connections as page on page.id = post.connection_id
    where post.id = any(%s)
    order by post.publish_at
"""
Row = dict[str, Any]


def wait_for_samples(
    database_url: str,
    samples: Mapping[UUID, Sample],
    *,
    deadline_seconds: float,
    is_alive: Callable[[], None],
    report: Callable[[str], None],
) -> list[Row]:
    """The samples' rows once all are final. Raises `StackError` naming what is not where it should be."""
    deadline, told = time.monotonic() + deadline_seconds, ""
    while True:
        is_alive()
        rows = read_rows(database_url, samples)
        summary = ", ".join(f"{row['title']}: {row['status']}" for row in rows)
        if summary != told:
            report(summary)
            told = summary
        if all(row["status"] in _FINAL for row in rows):
            break
        if time.monotonic() > deadline:
            raise StackError(f"After {deadline_seconds:.0f} s not all samples are done: {summary}.")
        time.sleep(0.5)
    wrong = [
        f"{row['title']} is {row['status']} ({row['status_reason']})" for row in rows if not _is_right(row, samples)
    ]
    if wrong:
        raise StackError("Not as expected: " + "; ".join(wrong))
    return rows


def _is_right(row: Row, samples: Mapping[UUID, Sample]) -> bool:
    return bool(row["status"] == samples[row["id"]].expected)


def read_rows(database_url: str, samples: Mapping[UUID, Sample]) -> list[Row]:
    url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(_QUERY, (list(samples),)).fetchall()


def print_table(rows: list[Row], sandbox: SandboxControl | None) -> None:
    """Page, title, due, arrived, lateness, status, permalink; arrivals as the sandbox saw them."""
    # Each sample has a text of its own; one that was sent again is judged by its last arrival.
    arrivals = {arrival.message: arrival.arrived_at for arrival in sandbox.arrivals(edge="feed")} if sandbox else {}
    table = Table("page", "title", "due", "arrived", "lateness", "status", "permalink")
    for row in rows:
        arrived = arrivals.get(row["body"])
        table.add_row(
            row["page_name"],
            row["title"],
            f"{row['publish_at'].astimezone(UTC):%H:%M:%S}",
            f"{datetime.fromtimestamp(arrived, UTC):%H:%M:%S}" if arrived else "–",
            f"{arrived - row['publish_at'].timestamp():.2f} s" if arrived else "–",
            row["status"],
            row["permalink_url"] or row["status_reason"] or "",
        )
    Console(width=None if Console().is_terminal else 200).print(table)
    print("Times are UTC.")
