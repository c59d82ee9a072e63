"""One scheduled post with all that happened to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, select

from socialpub.db.engine import transaction
from socialpub.models import AuditLogEntry, DraftAsset, EventPostDraft, FacebookPageConnection, PublishAttempt
from socialpub.services.queue.lists import QueueLine

_MOST = 200


@dataclass(frozen=True, slots=True)
class PostHistory:
    """`assets`, `attempts` and `entries` in their order."""

    line: QueueLine
    draft: EventPostDraft
    assets: Sequence[DraftAsset]
    attempts: Sequence[PublishAttempt]
    entries: Sequence[AuditLogEntry]


def read_post(engine: Engine, line: QueueLine) -> PostHistory:
    """What is known about the post of that line."""
    with transaction(engine, actor="console") as session:
        draft = session.get_one(EventPostDraft, line.draft_id)
        assets = session.scalars(select(DraftAsset).filter_by(draft_id=draft.id).order_by(DraftAsset.position)).all()
        attempts = session.scalars(
            select(PublishAttempt)
            .where(PublishAttempt.scheduled_post_id == line.id)
            .order_by(PublishAttempt.attempt_number)
            .limit(_MOST)
        ).all()
        entries = session.scalars(
            select(AuditLogEntry).where(AuditLogEntry.entity_id == line.id).order_by(AuditLogEntry.id).limit(_MOST)
        ).all()
    return PostHistory(line, draft, assets, attempts, entries)


def list_pages(engine: Engine, larp_id: UUID) -> list[tuple[str, str]]:
    """Id and name of each Page that the LARP has or had, the connected one first."""
    with transaction(engine, actor="console") as session:
        rows = session.execute(
            select(FacebookPageConnection.page_id, FacebookPageConnection.page_name)
            .where(FacebookPageConnection.larp_id == larp_id)
            .order_by(FacebookPageConnection.disconnected_at.is_not(None), FacebookPageConnection.page_name)
        ).all()
    return list({row.page_id: row.page_name for row in rows}.items())
