"""What can be known of a draft before it is approved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from socialpub.graph.redaction import clean_text
from socialpub.media.findings import Finding, Severity
from socialpub.models import (
    ApprovalRule,
    DraftAsset,
    EventPostDraft,
    FacebookPageConnection,
    Larp,
    ScheduledPublish,
    TokenStatus,
    person_of,
)
from socialpub.services.drafts.local_time import PlannedTime
from socialpub.services.notices.read_notice import format_instant

_MOST_NATIVE = timedelta(days=75)
_NEXT_YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class DraftFinding:
    """One thing to know, with a code that stays. An error keeps the draft from being submitted."""

    severity: Severity
    code: str
    words: str
    next_step: str

    @property
    def is_error(self) -> bool:
        return self.severity == Severity.ERROR

    @classmethod
    def of_media(cls, finding: Finding) -> DraftFinding:
        return cls(finding.severity, f"media_{finding.severity}", finding.words, finding.next_step)

    @classmethod
    def of_link(cls, finding: Finding) -> DraftFinding:
        return cls(finding.severity, f"link_{finding.severity}", finding.words, finding.next_step)


def _error(code: str, words: str, next_step: str) -> DraftFinding:
    return DraftFinding(Severity.ERROR, code, words, next_step)


def _warning(code: str, words: str, next_step: str) -> DraftFinding:
    return DraftFinding(Severity.WARNING, code, words, next_step)


def find_troubles(
    session: Session, draft: EventPostDraft, planned: PlannedTime | None, *, twins_within: timedelta
) -> Iterator[DraftFinding]:
    """All that rows and clocks tell."""
    now = session.scalars(select(func.now())).one()
    page = _find_page(session, draft)
    yield from _content_troubles(session, draft)
    yield from _approver_troubles(session, draft)
    if page is None:
        yield _warning(
            "page_not_connected",
            "The LARP has no connected Facebook Page.",
            "connect its Page before the draft is scheduled.",
        )
    else:
        yield from _token_troubles(page, planned.publish_at if planned else now)
        yield from _twins(session, draft, page, planned.publish_at if planned else now, twins_within)
    if planned:
        yield from _time_troubles(planned, now, is_native=page is not None and page.delivery == "native")


@dataclass(frozen=True, slots=True)
class _Page:
    """What the backoffice may see of a connection."""

    id: object
    page_name: str
    token_status: str
    token_status_reason: str | None
    token_expires_at: datetime | None
    paused_at: datetime | None
    delivery: str
    time_zone: str
    """The LARP's."""


def _find_page(session: Session, draft: EventPostDraft) -> _Page | None:
    page = FacebookPageConnection
    row = session.execute(
        select(
            page.id, page.page_name, page.token_status, page.token_status_reason, page.token_expires_at,
            page.paused_at, page.delivery, Larp.time_zone,
        ).join(Larp, Larp.id == page.larp_id).where(page.larp_id == draft.larp_id, page.disconnected_at.is_(None))
    ).one_or_none()  # fmt: skip
    return _Page(*row) if row else None


def _content_troubles(session: Session, draft: EventPostDraft) -> Iterator[DraftFinding]:
    has_assets = session.scalars(select(DraftAsset.id).where(DraftAsset.draft_id == draft.id).limit(1)).first()
    if not (draft.body.strip() or draft.link or has_assets):
        yield _error("nothing_to_publish", "The draft has no text, link or asset.", "write a text, or add something.")
    if draft.link and has_assets:
        yield _error(
            "link_beside_assets",
            "The draft has a link beside its photos or video; Facebook shows one or the other.",
            "put the link into the text, or leave the assets out.",
        )


def _approver_troubles(session: Session, draft: EventPostDraft) -> Iterator[DraftFinding]:
    rule = session.get(ApprovalRule, draft.larp_id)
    if rule is None or not rule.approvers:
        return
    authors = {person_of(draft.created_by), *draft.editors}
    able = [name for name in rule.approvers if name not in authors]
    if len(able) < rule.required_approvals:
        yield _error(
            "approval_impossible",
            f"{rule.required_approvals} approvals are needed, and of those who may give them only {len(able)} have not"
            " worked on the draft.",
            "name more approvers for the LARP, or have somebody else write a new draft.",
        )


def _token_troubles(page: _Page, publish_at: datetime) -> Iterator[DraftFinding]:
    if page.token_status == TokenStatus.LOST:
        yield _warning(
            "token_lost",
            f"{page.page_name} has no access to Facebook: {page.token_status_reason or 'its token is lost'}.",
            "reconnect the Page; until then its posts wait.",
        )
    elif page.token_expires_at is not None and page.token_expires_at <= publish_at:
        ends_at = format_instant(page.token_expires_at, page.time_zone)
        yield _warning(
            "token_expires_before",
            f"The access of {page.page_name} ends {ends_at}, before the post is due.",
            "reconnect the Page in time.",
        )
    if page.paused_at is not None:
        yield _warning("page_paused", f"{page.page_name} is paused.", "resume the Page; until then its posts wait.")


def _time_troubles(planned: PlannedTime, now: datetime, *, is_native: bool) -> Iterator[DraftFinding]:
    if planned.publish_at <= now:
        yield _error("time_is_past", f"{planned.wall_time:%Y-%m-%d %H:%M} is past.", "give a later time.")
    elif is_native and planned.publish_at > now + _MOST_NATIVE:
        yield _warning(
            "beyond_native_window",
            "Facebook takes a post 75 days ahead at most.",
            "nothing: it is handed over to Facebook once its time is near enough.",
        )
    elif planned.publish_at > now + _NEXT_YEAR:
        yield _warning("far_ahead", "The time is more than a year away.", "check the year.")


def _twins(
    session: Session, draft: EventPostDraft, page: _Page, around: datetime, within: timedelta
) -> Iterator[DraftFinding]:
    post, other = ScheduledPublish, EventPostDraft
    if not draft.body.strip():
        return
    twin = session.execute(
        select(post.publish_at, other.title)
        .join(other, other.id == post.draft_id)
        .where(
            post.connection_id == page.id,
            post.publish_at.between(around - within, around + within),
            or_(post.stage.in_(("open", "unconfirmed", "handed_over")), post.stage == "published"),
            other.id != draft.id,
            func.lower(func.btrim(other.body)) == func.lower(func.btrim(draft.body)),
            or_(other.link == draft.link, other.link.is_(None) & (draft.link is None)),
        )
        .order_by(post.publish_at)
        .limit(1)
    ).first()
    if twin:
        at = format_instant(twin.publish_at, page.time_zone)
        yield _warning(
            "duplicate_content",
            f"“{clean_text(twin.title)}” says the same on the same Page at {at}.",
            "make sure that both are meant; Facebook may refuse or hide the second.",
        )
