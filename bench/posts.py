"""Pages and posts in bulk, written as a backoffice writes them: by SQL."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import psycopg

from graph_sandbox.control import SandboxControl
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret

_FIRST_PAGE = 700_000_000_000_000


@dataclass(frozen=True, slots=True)
class BenchPage:
    page_id: str
    larp_id: UUID
    token: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Posts that were scheduled together; `bodies` tell them apart at the sandbox."""

    post_ids: list[UUID]
    bodies: list[str]
    pages: list[BenchPage]


def connect_pages(
    connection: psycopg.Connection, sandbox: SandboxControl, cipher: TokenCipher, numbers: range
) -> list[BenchPage]:
    """Pages in the sandbox, each connected to a LARP of its own."""
    names = {str(_FIRST_PAGE + number): f"Bench {number}" for number in numbers}
    tokens = sandbox.add_pages(names)
    sealed = [cipher.encrypt(Secret(token)) for token in tokens.values()]
    larps = connection.execute(
        "with made as (insert into larps (title, time_zone) select unnest(%s::text[]), 'Europe/Warsaw' returning *)"
        " insert into facebook_page_connections (larp_id, page_id, page_name, access_token)"
        " select made.id, page.page_id, page.name, page.sealed"
        " from made join unnest(%s::text[], %s::text[], %s::text[]) as page (page_id, name, sealed)"
        " on page.name = made.title returning page_id, larp_id",
        (list(names.values()), list(names), list(names.values()), sealed),
    ).fetchall()
    by_page: dict[str, UUID] = dict(larps)
    return [BenchPage(page_id, by_page[page_id], token) for page_id, token in tokens.items()]


def schedule_batch(
    connection: psycopg.Connection, pages: Sequence[BenchPage], *, label: str, publish_at: datetime
) -> Batch:
    """One approved, scheduled post a Page, all for `publish_at`, in one transaction."""
    stamp = time.time_ns()  # Facebook refuses a text that the Page has shown last.
    bodies = [f"{label} {stamp} {number}" for number in range(len(pages))]
    with connection.transaction():
        drafts = [
            row[0]
            for row in connection.execute(
                "insert into social_drafts (larp_id, title, body, status)"
                " select post.larp_id, left(post.body, 40), post.body, 'approved'"
                " from unnest(%s::uuid[], %s::text[]) as post (larp_id, body) returning id",
                ([page.larp_id for page in pages], bodies),
            )
        ]
        connection.execute(
            "insert into social_draft_approvals (draft_id, approver, decision)"
            " select unnest(%s::uuid[]), 'ola', 'approved'",
            (drafts,),
        )
        posts = connection.execute(
            "insert into social_scheduled_posts (draft_id, publish_at) select unnest(%s::uuid[]), %s returning id",
            (drafts, publish_at),
        ).fetchall()
    return Batch([post_id for (post_id,) in posts], bodies, list(pages))


def count_published(connection: psycopg.Connection, batch: Batch) -> int:
    row = connection.execute(
        "select count(*) from social_scheduled_posts where id = any(%s) and status = 'published'", (batch.post_ids,)
    ).fetchone()
    assert row is not None, "count(*) returns a row"
    return int(row[0])
