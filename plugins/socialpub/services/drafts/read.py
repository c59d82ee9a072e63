"""One draft as a person sees it: content, decisions, schedule, and what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, Engine, Text, Uuid, bindparam, func, literal, select
from sqlalchemy.orm import Session

from socialpub.models import (
    ApprovalRule,
    AuditLogEntry,
    DraftApproval,
    DraftAsset,
    EventPostDraft,
    FacebookPageConnection,
    Larp,
    PublishAttempt,
    ScheduledPublish,
)
from socialpub.services.drafts.desk import Caller, find_draft, open_desk, unknown_larp

# Made once, because making a statement takes longer than the database needs to answer it.
_RULE = (
    select(
        func.coalesce(ApprovalRule.required_approvals, 1).label("required_approvals"),
        func.coalesce(ApprovalRule.approvers, literal([], ARRAY(Text))).label("approvers"),
    )
    .select_from(Larp)
    .outerjoin(ApprovalRule, ApprovalRule.larp_id == Larp.id)
    .where(Larp.id == bindparam("larp_id"))
)
_RULE_AND_MISSING = _RULE.add_columns(func.social_missing_approvals(bindparam("draft_id", type_=Uuid())))


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
    required, named, missing = session.execute(_RULE_AND_MISSING, {"larp_id": larp_id, "draft_id": draft_id}).one()
    return DraftDetails(
        draft,
        tuple(session.scalars(select(DraftAsset).filter_by(draft_id=draft_id).order_by(DraftAsset.position))),
        tuple(session.scalars(select(DraftApproval).filter_by(draft_id=draft_id).order_by(DraftApproval.decided_at))),
        tuple(list_schedules(session, draft_id)),
        required,
        tuple(named),
        missing,
    )


def describe_new(draft: EventPostDraft, required: int, named: Sequence[str]) -> DraftDetails:
    """Of a draft that was made this moment, and has nothing but its text: there is nothing to look up."""
    return DraftDetails(draft, (), (), (), required, tuple(named), missing_approvals=required)


def read_rule(session: Session, larp_id: UUID) -> tuple[int, Sequence[str]]:
    """How many approvals the LARP's drafts need, and of whom (empty: anybody). Raises `UnknownLarpError`."""
    rule = session.execute(_RULE, {"larp_id": larp_id}).one_or_none()
    if rule is None:
        raise unknown_larp(larp_id)
    return rule.required_approvals, rule.approvers


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
