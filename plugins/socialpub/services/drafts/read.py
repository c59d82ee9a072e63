"""One draft as a person sees it: content, decisions, schedule, and what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from socialpub.models import (
    ApprovalRule,
    AuditLogEntry,
    DraftApproval,
    DraftAsset,
    EventPostDraft,
    FacebookPageConnection,
    PublishAttempt,
    ScheduledPublish,
)
from socialpub.services.drafts.desk import Caller, find_draft, open_desk


@dataclass(frozen=True, slots=True)
class Schedule:
    """A scheduled post of the draft. `wall_time` and `time_zone` are None where only an instant was planned."""

    id: UUID
    page_id: str
    page_name: str
    publish_at: datetime
    wall_time: datetime | None
    time_zone: str | None
    status: str
    status_reason: str | None
    delivery: str
    published_at: datetime | None
    facebook_post_id: str | None
    permalink_url: str | None


@dataclass(frozen=True, slots=True)
class DraftDetails:
    """A draft with all that belongs to it. `approvals` are all decisions; those of another review are void."""

    draft: EventPostDraft
    assets: tuple[DraftAsset, ...]
    approvals: tuple[DraftApproval, ...]
    schedules: tuple[Schedule, ...]
    """Newest first; the first is the present one, unless it is over."""
    required_approvals: int
    named_approvers: tuple[str, ...]
    missing_approvals: int
    """How many approvals it lacks as it stands."""

    @property
    def version(self) -> int:
        """For `expected_version`, and for an ETag."""
        return self.draft.version


def read_draft(engine: Engine, larp_id: UUID, draft_id: UUID, caller: Caller) -> DraftDetails:
    """Raises `UnknownDraftError`."""
    with open_desk(engine, caller) as session:
        return read_details(session, larp_id, draft_id)


def read_details(session: Session, larp_id: UUID, draft_id: UUID) -> DraftDetails:
    """As `read_draft`, within a transaction that may have changed it."""
    session.expire_all()
    draft = find_draft(session, larp_id, draft_id)
    rule = session.get(ApprovalRule, larp_id)
    return DraftDetails(
        draft,
        tuple(session.scalars(select(DraftAsset).filter_by(draft_id=draft_id).order_by(DraftAsset.position))),
        tuple(session.scalars(select(DraftApproval).filter_by(draft_id=draft_id).order_by(DraftApproval.decided_at))),
        tuple(list_schedules(session, draft_id)),
        rule.required_approvals if rule else 1,
        tuple(rule.approvers) if rule else (),
        session.scalars(select(func.social_missing_approvals(draft_id))).one(),
    )


def list_schedules(session: Session, draft_id: UUID) -> list[Schedule]:
    post, page = ScheduledPublish, FacebookPageConnection
    rows = session.execute(
        select(
            post.id, page.page_id, page.page_name, post.publish_at, post.wall_time, post.time_zone, post.status,
            post.status_reason, post.delivery, post.published_at, post.facebook_post_id, post.permalink_url,
        )
        .join(page, page.id == post.connection_id)
        .where(post.draft_id == draft_id)
        .order_by(post.created_at.desc(), post.id.desc())
    )  # fmt: skip
    return [Schedule(*row) for row in rows]


def list_attempts(engine: Engine, larp_id: UUID, draft_id: UUID, caller: Caller) -> list[PublishAttempt]:
    """Every try to publish the draft, in the order of its schedules. Raises `UnknownDraftError`."""
    with open_desk(engine, caller) as session:
        find_draft(session, larp_id, draft_id)
        return list(
            session.scalars(
                select(PublishAttempt)
                .join(ScheduledPublish, ScheduledPublish.id == PublishAttempt.scheduled_post_id)
                .where(ScheduledPublish.draft_id == draft_id)
                .order_by(PublishAttempt.started_at, PublishAttempt.attempt_number)
            )
        )


def list_audit(
    engine: Engine, larp_id: UUID, draft_id: UUID, caller: Caller, *, after_id: int = 0, limit: int = 200
) -> list[AuditLogEntry]:
    """What happened to the draft and its scheduled posts, oldest first, from the entry after `after_id`.

    Raises `UnknownDraftError`.
    """
    with open_desk(engine, caller) as session:
        find_draft(session, larp_id, draft_id)
        posts = session.scalars(select(ScheduledPublish.id).where(ScheduledPublish.draft_id == draft_id)).all()
        return list(
            session.scalars(
                select(AuditLogEntry)
                .where(AuditLogEntry.entity_id.in_([draft_id, *posts]), AuditLogEntry.id > after_id)
                .order_by(AuditLogEntry.id)
                .limit(limit)
            )
        )
