"""The desk of an editor and the publisher's hands, on one fresh database."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from tests.conftest import World

ADD = "insert into social_draft_assets (draft_id, position, type, storage_path) values (%s, %s, %s, %s) returning id"
EDITOR, WORKER = "backoffice_login", "airflow_login"


@dataclass
class Desk:
    world: World
    larp: UUID

    def draft(self, *assets: str, **draft: str) -> UUID:
        """An approved draft with these assets ("photo" or "video"), as the backoffice writes it: in one transaction."""
        with self.world.connect(EDITOR) as connection, connection.transaction():
            [draft_id] = connection.execute(
                "insert into social_drafts (larp_id, title, body, first_comment, first_comment_delay_minutes, status)"
                " values (%s, 'Zapisy', %s, %s, %s, 'approved') returning id",
                (self.larp, draft.get("body", "Zapraszamy!"), draft.get("first_comment"), draft.get("delay", 0)),
            ).fetchone()  # type: ignore[misc]
            for number, kind in enumerate(assets, 1):
                connection.execute(ADD, (draft_id, number, kind, f"2027/{number}.bin"))
            connection.execute(
                "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')",
                (draft_id,),
            )
        return draft_id

    def schedule(self, *assets: str, **draft: str) -> tuple[UUID, UUID]:
        """The draft and its scheduled post, due in a day."""
        draft_id = self.draft(*assets, **draft)
        self.edit(
            "insert into social_scheduled_posts (draft_id, publish_at) values (%s, now() + interval '1 day')", draft_id
        )
        return draft_id, self.world.one("select id from social_scheduled_posts where draft_id = %s", draft_id)[0]

    def edit(self, statement: str, *params: object) -> None:
        self.world.run(statement, *params, user=EDITOR)

    def work(self, statement: str, *params: object) -> None:
        self.world.run(statement, *params, user=WORKER)

    def upload(self, draft_id: UUID, media_id: str = "900") -> None:
        self.work(
            "update social_draft_assets set upload_state = 'uploaded', facebook_media_id = %s || position,"
            " upload_session_id = 's', is_temporary = true, uploaded_at = now() where draft_id = %s",
            media_id, draft_id,
        )  # fmt: skip

    def status(self, draft_id: UUID) -> str:
        return self.world.one("select status from social_drafts where id = %s", draft_id)[0]

    def cleanups(self) -> list[tuple]:
        with self.world.connect() as connection:
            return connection.execute(
                "select media_id, kind, upload_session_id, reason from social_media_cleanups order by media_id"
            ).fetchall()

    def uploads(self, draft_id: UUID) -> list[tuple]:
        with self.world.connect() as connection:
            return connection.execute(
                "select upload_state, facebook_media_id, upload_session_id, is_temporary, uploaded_at"
                " from social_draft_assets where draft_id = %s order by position",
                (draft_id,),
            ).fetchall()

    def move(self, post_id: UUID, *statuses: str) -> None:
        for status in statuses:
            self.work(
                "update social_scheduled_posts set status = %s, status_reason = 'x', claimed_by = 'd/r',"
                " lease_expires_at = now() where id = %s",
                status, post_id,
            )  # fmt: skip

    def publish(self, post_id: UUID, facebook_post_id: str = "1_2") -> None:
        self.move(post_id, "queued", "publishing")
        self.work(
            "update social_scheduled_posts set status = 'published', published_at = now(), facebook_post_id = %s"
            " where id = %s",
            facebook_post_id, post_id,
        )  # fmt: skip

    def hand_over(self, post_id: UUID, facebook_post_id: str | None = "1_9") -> None:
        self.work(
            "update social_scheduled_posts set status = 'handed_over', facebook_post_id = %s, handed_over_at = now(),"
            " handed_over_for = publish_at where id = %s",
            facebook_post_id, post_id,
        )  # fmt: skip

    def refused(self, match: str, statement: str, *params: object, user: str = EDITOR) -> str:
        with pytest.raises(psycopg.Error, match=match) as error:
            self.world.run(statement, *params, user=user)
        return error.value.diag.message_hint or ""


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world, world.add_page())
