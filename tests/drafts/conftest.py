"""The desks of some people at one LARP."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine

from socialpub.services.draft_approval import DraftApprovalService
from socialpub.services.drafts.desk import Caller
from socialpub.services.drafts.read import DraftDetails, read_draft
from socialpub.services.drafts.write import DraftContent, create_draft
from tests.conftest import World

EDITS = {
    "title": "update social_drafts set title = 'Inny' where id = %s",
    "text": "update social_drafts set body = 'Inne' where id = %s",
    "link": "update social_drafts set body = '', link = 'https://larp.example/a' where id = %s",
    "comment": "update social_drafts set first_comment = 'Regulamin' where id = %s",
    "new asset": "insert into social_draft_assets (draft_id, position, type, storage_path)"
    " values (%s, 2, 'photo', 'b')",
    "lost asset": "delete from social_draft_assets where draft_id = %s",
    "checksum": "update social_draft_assets set checksum_sha256 = repeat('b', 64) where draft_id = %s",
    "alt text": "update social_draft_assets set alt_text = 'Las' where draft_id = %s",
}
"""Of everything that an approver sees; a draft needs a photo for those of an asset, and none for the link."""


@dataclass
class Office:
    world: World
    larp: UUID
    engine: Engine

    @property
    def service(self) -> DraftApprovalService:
        return DraftApprovalService(self.engine)

    def draft(self, author: str = "anna", **content: object) -> UUID:
        text = DraftContent(**{"title": "Zapisy", "body": "Zapraszamy!", **content})
        return create_draft(self.engine, self.larp, text, Caller(author)).draft.id

    def pending(self, author: str = "anna", **content: object) -> UUID:
        draft = self.draft(author, **content)
        assert self.service.submit(self.larp, draft, Caller(author)).is_submitted
        return draft

    def approve(self, draft: UUID, *people: str) -> DraftDetails:
        for person in people:
            shown = self.read(draft).draft.content_hash
            self.service.approve(self.larp, draft, Caller(person), content_hash=shown)
        return self.read(draft)

    def read(self, draft: UUID) -> DraftDetails:
        return read_draft(self.engine, self.larp, draft, Caller("reader"))

    def status(self, draft: UUID) -> str:
        return self.world.one("select status from social_drafts where id = %s", draft)[0]

    def rule(self, required: int, *approvers: str) -> None:
        self.world.run(
            "insert into social_approval_rules (larp_id, required_approvals, approvers) values (%s, %s, %s)"
            " on conflict (larp_id) do update set required_approvals = excluded.required_approvals,"
            " approvers = excluded.approvers",
            self.larp, required, list(approvers), user="backoffice_login",
        )  # fmt: skip

    def edit(self, statement: str, *params: object, actor: str = "") -> None:
        """By the backoffice's login, in one transaction, in somebody's name."""
        with self.world.connect("backoffice_login") as connection, connection.transaction():
            connection.execute("select set_config('socialpub.actor', %s, true)", (actor,))
            connection.execute(statement, params)  # type: ignore[arg-type]

    def refused(self, match: str, statement: str, *params: object, actor: str = "") -> str:
        with pytest.raises(psycopg.Error, match=match) as error:
            self.edit(statement, *params, actor=actor)
        return error.value.diag.message_hint or ""


@pytest.fixture
def office(world: World) -> Office:
    return Office(world, world.add_page(), world.engine())
