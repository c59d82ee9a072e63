"""A backoffice that knows only SQL: connects Pages, schedules approved posts, looks at what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from sqlalchemy import make_url

from graph_sandbox.control import SandboxControl
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret


class Backoffice:
    """One connection to the socialpub database, every statement committed by itself."""

    def __init__(self, database_url: str, *, token_keys: str, sandbox: SandboxControl) -> None:
        self._url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._cipher = TokenCipher.from_keys(token_keys)
        self.sandbox = sandbox
        self._connection = self.connect()

    def connect(self) -> psycopg.Connection:
        """Another connection of the same login."""
        return psycopg.connect(self._url, autocommit=True)

    def reconnect(self) -> None:
        """After the server has gone away. Raises `psycopg.OperationalError` while it is not back."""
        self._connection.close()
        self._connection = self.connect()

    def rows(self, query: LiteralString, *params: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, params).fetchall()

    def run(self, statement: LiteralString, *params: object) -> None:
        self._connection.execute(statement, params)

    def add_page(self, page_id: str, name: str) -> UUID:
        """A Page in the sandbox, connected to a LARP of its own; returns the LARP's id."""
        token = self._cipher.encrypt(Secret(self.sandbox.add_page(page_id, name)))
        [(larp_id,)] = self.rows("insert into larps (title, time_zone) values (%s, 'Europe/Warsaw') returning id", name)
        self.run(
            "insert into facebook_page_connections (larp_id, page_id, page_name, access_token) values (%s, %s, %s, %s)",
            *(larp_id, page_id, name, token),
        )
        assert isinstance(larp_id, UUID)
        return larp_id

    def schedule(self, larp_ids: Sequence[UUID], bodies: Sequence[str], *, due_in: float) -> list[UUID]:
        """One approved, scheduled post a body, dealt over the LARPs, all for the instant `due_in` seconds from now."""
        with self._connection.transaction():
            drafts = [
                self.rows(
                    "insert into social_drafts (larp_id, title, body, status)"
                    " values (%s, %s, %s, 'approved') returning id",
                    *(larp_ids[number % len(larp_ids)], body[:40], body),
                )[0][0]
                for number, body in enumerate(bodies)
            ]
            self.run(
                "insert into social_draft_approvals (draft_id, approver, decision)"
                " select unnest(%s::uuid[]), 'ola', 'approved'",
                drafts,
            )
            return [
                post_id
                for (post_id,) in self.rows(
                    "insert into social_scheduled_posts (draft_id, publish_at)"
                    " select unnest(%s::uuid[]), now() + make_interval(secs => %s) returning id",
                    *(drafts, due_in),
                )
            ]

    def statuses(self, posts: Sequence[UUID]) -> dict[str, int]:
        """How many of the posts stand where."""
        return dict(
            self.rows("select status, count(*) from social_scheduled_posts where id = any(%s) group by 1", list(posts))
        )
