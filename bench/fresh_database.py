"""A fresh, migrated database for one benchmark, and rows made fast: what is prepared does not count."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from sqlalchemy import make_url

from bench.load import LoadMeter
from local_stack.databases import create_databases, create_logins
from local_stack.postgres import EmbeddedPostgres
from socialpub.db.schema import upgrade

DATABASE = "socialpub"


@dataclass(frozen=True)
class FreshDatabase:
    server: EmbeddedPostgres
    load: LoadMeter
    """Counts from the server's start; read it before the server is gone."""

    def url(self, login: str) -> str:
        return self.server.url(DATABASE, user=login)

    def connect(self, login: str = "postgres") -> psycopg.Connection:
        """One autocommitting connection of that login."""
        url = make_url(self.url(login)).set(drivername="postgresql")
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)

    def prepare(self, *statements: LiteralString, **values: object) -> None:
        """Run them without any trigger: they have to write what the triggers would have written."""
        with self.connect() as connection:
            connection.execute("set session_replication_role = replica")
            for statement in statements:
                connection.execute(statement, values)


@contextmanager
def fresh_database() -> Iterator[FreshDatabase]:
    """An embedded server of its own in a temporary folder, gone at the end."""
    os.sync()  # The disk must not be busy with what an earlier figure left to be written.
    with tempfile.TemporaryDirectory(prefix="socialpub-bench-") as folder:
        server = EmbeddedPostgres(Path(folder) / "data")
        server.start()
        try:
            create_databases(server.url("postgres"), [DATABASE])
            upgrade(server.url(DATABASE))
            create_logins(server.url("postgres"))
            yield FreshDatabase(server, LoadMeter(lambda: Path(folder) / "data"))
        finally:
            server.stop()


ADD_PAGES: LiteralString = """
with larp as (
    insert into larps (title, time_zone) select 'LARP ' || n, 'Europe/Warsaw' from generate_series(1, %(pages)s) as n
    returning id, title
)
insert into facebook_page_connections (larp_id, page_id, page_name, access_token)
select id, (200000000000000 + row_number() over ())::text, title, 'fernet:bench' from larp
"""

ADD_APPROVED_DRAFTS: LiteralString = """
with larp as (select array_agg(id) as ids from larps),
draft as (
    insert into social_drafts (larp_id, title, body, status, content_hash, created_by, updated_by)
    select ids[1 + n %% cardinality(ids)], title, body, 'approved',
        social_content_hash(title, body, null, '[]'), 'anna', 'anna'
    from larp, generate_series(1, %(rows)s) as n
    cross join lateral (select 'Post ' || n as title, repeat('Zapraszamy na larp! ', 10) || n as body) as content
    returning id, content_hash
)
insert into social_draft_approvals (draft_id, approver, decision, content_hash)
select id, 'ola', 'approved', content_hash from draft
"""

ADD_DRAFTS: LiteralString = """
insert into social_drafts (larp_id, title, body, status, content_hash, created_by, updated_by, created_at)
select ids[1 + n %% cardinality(ids)], 'Post ' || n, repeat('Zapraszamy na larp! ', 10) || n,
    (array['draft', 'pending_approval', 'approved', 'canceled'])[1 + n %% 4],
    md5(n::text) || md5('b' || n), 'anna', 'anna', now() - n * interval '20 seconds'
from (select array_agg(id order by id) as ids from larps) as larp cross join generate_series(1, %(rows)s) as n
"""
"""In all states before a schedule, of all LARPs, one each 20 seconds."""
