"""Sample posts, written as a backoffice would write them: plain SQL."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import make_url

from graph_sandbox.control import SandboxControl
from graph_sandbox.samples import make_png
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret


@dataclass(frozen=True, slots=True)
class Sample:
    page_id: str
    title: str
    body: str
    expected: str
    due_in: int = 0
    """Seconds from its insertion."""
    photo: str | None = None
    """A picture to show, by its name in the media folder."""
    fault: dict[str, Any] | None = None
    """What the sandbox answers to it first, as arguments of `add_fault`."""


_PAGES = {
    "200000000000001": "Larpowe Kroniki",
    "200000000000002": "Bractwo Puszczy",
}
EARLY = (
    Sample(
        page_id="200000000000001",
        title="In two minutes",
        body="Gates open on Friday at 18:00. See you in the forest!",
        expected="published",
        due_in=120,
    ),
)
LATE = (
    Sample(
        page_id="200000000000001",
        title="Due now",
        body="Sign-up for the autumn larp is open.",
        expected="published",
    ),
    Sample(
        page_id="200000000000002",
        title="With a photo",
        body="The new banner of the guild.",
        expected="published",
        photo="banner.png",
    ),
    Sample(
        page_id="200000000000001",
        title="Refused for good",
        body="This one breaks a rule of Facebook.",
        expected="failed",
        fault={"mode": "invalid_100"},
    ),
    Sample(
        page_id="200000000000002",
        title="Rate limited first",
        body="Workshops: sewing on Saturday, leather on Sunday.",
        expected="published",
        fault={"mode": "throttle_80001", "regain_minutes": 1},
    ),
)


class SampleWriter:
    """Writes LARPs, connected Pages and sample posts into the database, and scripts the sandbox for them."""

    def __init__(self, database_url: str, *, token_keys: str, media: Path, sandbox: SandboxControl | None) -> None:
        self._url = make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._cipher = TokenCipher.from_keys(token_keys)
        self._media = media
        self._sandbox = sandbox
        # Facebook refuses the same text twice in a row, so each start signs its posts.
        self._signature = time.strftime("%H:%M:%S")

    def connect_pages(self) -> None:
        """Idempotent."""
        with psycopg.connect(self._url) as connection:
            for page_id, name in _PAGES.items():
                token = self._sandbox.add_page(page_id, name) if self._sandbox else "no-such-token"
                if self._sandbox:
                    self._sandbox.subscribe_page(page_id)
                connection.execute(
                    """
                    with larp as (
                        insert into larps (title, time_zone) select %(name)s, 'Europe/Warsaw'
                        where not exists (select 1 from facebook_page_connections where page_id = %(page_id)s)
                        returning id
                    )
                    insert into facebook_page_connections (larp_id, page_id, page_name, access_token)
                    select id, %(page_id)s, %(name)s, %(token)s from larp
                    """,
                    {"page_id": page_id, "name": name, "token": self._cipher.encrypt(Secret(token))},
                )

    def add_routes(self, *, mail_to: str) -> None:
        """Everything goes to `mail_to` and to Slack, unless somebody has made routes already."""
        with psycopg.connect(self._url) as connection:
            connection.execute(
                "insert into social_notification_routes (channel, recipient)"
                " select * from (values ('email', %s), ('slack', '')) as wanted"
                " where not exists (select from social_notification_routes)",
                (mail_to,),
            )

    def write(self, samples: tuple[Sample, ...]) -> dict[UUID, Sample]:
        """Insert approved, scheduled posts; returns each one's scheduled-post id."""
        written = {}
        with psycopg.connect(self._url) as connection:
            connection.execute("select set_config('socialpub.actor', 'samples', true)")
            for sample in samples:
                body = f"{sample.body} ({self._signature})"
                if sample.fault and self._sandbox:
                    self._sandbox.add_fault(page_id=sample.page_id, edge="feed", match_message=body, **sample.fault)
                written[self._insert(connection, sample, body)] = sample
        return written

    def _insert(self, connection: psycopg.Connection, sample: Sample, body: str) -> UUID:
        draft = connection.execute(
            "insert into social_drafts (larp_id, title, body, status, created_by)"
            " select larp_id, %s, %s, 'approved', 'anna' from facebook_page_connections where page_id = %s"
            " returning id",
            (sample.title, body, sample.page_id),
        ).fetchone()
        assert draft is not None, "connect_pages() comes first"
        if sample.photo:
            self._media.mkdir(parents=True, exist_ok=True)
            (self._media / sample.photo).write_bytes(make_png(len(self._signature), size=512))
            connection.execute(
                "insert into social_draft_assets (draft_id, type, storage_path, alt_text)"
                " values (%s, 'photo', %s, 'A banner of one colour')",
                (draft[0], sample.photo),
            )
        connection.execute(
            "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')", draft
        )
        post = connection.execute(
            "insert into social_scheduled_posts (draft_id, publish_at)"
            " values (%s, now() + make_interval(secs => %s)) returning id",
            (draft[0], sample.due_in),
        ).fetchone()
        assert post is not None
        post_id: UUID = post[0]
        return post_id
