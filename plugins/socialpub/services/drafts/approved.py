"""What a draft said when it was last approved, for those who look at what has changed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from socialpub.models import AuditLogEntry, DraftApproval
from socialpub.services.drafts.desk import Caller, find_draft, open_desk

_WRITTEN = ("draft.created", "draft.edited")


@dataclass(frozen=True, slots=True)
class ApprovedAsset:
    """`words` is its alt text, or a video's title."""

    type: str
    storage_path: str
    words: str


@dataclass(frozen=True, slots=True)
class ApprovedVersion:
    """The content as the audit log has it."""

    approver: str
    decided_at: datetime
    content_hash: str
    title: str
    body: str
    link: str | None
    first_comment: str | None
    assets: tuple[ApprovedAsset, ...]


def read_approved_version(engine: Engine, larp_id: UUID, draft_id: UUID, caller: Caller) -> ApprovedVersion | None:
    """None where it was never approved, or the log of that time is gone. Raises `UnknownDraftError`."""
    with open_desk(engine, caller) as session:
        find_draft(session, larp_id, draft_id)
        approval = session.scalars(
            select(DraftApproval)
            .filter_by(draft_id=draft_id, decision="approved")
            .order_by(DraftApproval.decided_at.desc())
            .limit(1)
        ).first()
        if approval is None:
            return None
        entry = _find_entry(session, draft_id, approval.content_hash)
        if entry is None:
            return None
        said = entry.payload
        return ApprovedVersion(
            approval.approver, approval.decided_at, approval.content_hash, said["title"], said["body"], said["link"],
            said["first_comment"], tuple(map(_read_asset, said.get("assets", ()))),
        )  # fmt: skip


def _read_asset(said: Sequence[Any]) -> ApprovedAsset:
    """As `social_draft_assets_of` (migration 0008) writes one: position, type, path, address, alt text, title, …"""
    return ApprovedAsset(said[1], said[2], said[4] or said[5] or "")


def _find_entry(session: Session, draft_id: UUID, content_hash: str) -> AuditLogEntry | None:
    return session.scalars(
        select(AuditLogEntry)
        .where(
            AuditLogEntry.entity_id == draft_id,
            AuditLogEntry.action.in_(_WRITTEN),
            AuditLogEntry.payload["content_hash"].astext == content_hash,
        )
        .order_by(AuditLogEntry.id.desc())
        .limit(1)
    ).first()
