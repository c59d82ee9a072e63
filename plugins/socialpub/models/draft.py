"""What an editor writes: a draft, and who approved it."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, FetchedValue, ForeignKey, Identity, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from socialpub.errors import IllegalMoveError
from socialpub.models.asset import DraftAsset
from socialpub.models.base import Base, UuidKey, WrittenNow
from socialpub.models.larp import Larp
from socialpub.models.scheduled import ScheduledPublish
from socialpub.models.statuses import DRAFT_MOVES, DraftStatus


def person_of(name: str) -> str:
    """Two spellings of one person are one person, and so are two doors: `social_person` of the database."""
    return name.strip().lower().removeprefix("airflow:").lstrip()


class EventPostDraft(Base):
    """A post as written. The database computes `content_hash` over everything that an approver sees."""

    __tablename__ = "social_drafts"
    __table_args__ = (Index("social_drafts_by_larp_and_status", "larp_id", "status", "number"),)

    id: Mapped[UuidKey]
    larp_id: Mapped[UUID] = mapped_column(ForeignKey("larps.id"))
    title: Mapped[str]
    body: Mapped[str] = mapped_column(server_default="")
    link: Mapped[str | None]
    first_comment: Mapped[str | None]
    first_comment_delay_minutes: Mapped[int] = mapped_column(server_default="0")
    """How long after the post its first comment follows."""
    status: Mapped[str] = mapped_column(server_default=DraftStatus.DRAFT)
    scheduled_at: Mapped[datetime | None] = mapped_column(server_onupdate=FetchedValue())
    content_hash: Mapped[str] = mapped_column(server_default="", server_onupdate=FetchedValue())
    created_by: Mapped[str] = mapped_column(server_default="")
    updated_by: Mapped[str] = mapped_column(server_default="", server_onupdate=FetchedValue())
    created_at: Mapped[WrittenNow]
    updated_at: Mapped[WrittenNow] = mapped_column(server_onupdate=FetchedValue())
    number: Mapped[int] = mapped_column(BigInteger, Identity(always=True))
    """Later drafts have higher ones; lists go by it."""
    version: Mapped[int] = mapped_column(server_default="1", server_onupdate=FetchedValue())
    """Another one after every change; who edits names the one that he saw."""
    review: Mapped[int] = mapped_column(server_default="1", server_onupdate=FetchedValue())
    """Another one makes earlier approvals void."""
    editors: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"), server_onupdate=FetchedValue())
    """Who edited the content besides `created_by`, as `person_of` writes them; none of them approves it."""
    asset_list: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"), server_onupdate=FetchedValue())
    """The assets as the fingerprint has them, for the audit log."""

    larp: Mapped[Larp] = relationship()
    assets: Mapped[list[DraftAsset]] = relationship(order_by="DraftAsset.position")
    approvals: Mapped[list[DraftApproval]] = relationship(order_by="DraftApproval.decided_at")
    scheduled_posts: Mapped[list[ScheduledPublish]] = relationship(
        back_populates="draft", order_by="ScheduledPublish.created_at"
    )

    def submit_for_approval(self) -> None:
        self._move_to(DraftStatus.PENDING_APPROVAL)

    def approve(self, approver: str, comment: str | None = None) -> DraftApproval:
        """The approval of exactly what the draft says now. Storing it moves the draft to approved."""
        return self._decide(approver, decision="approved", comment=comment)

    def reject(self, approver: str, comment: str | None = None) -> DraftApproval:
        """The rejection of what the draft says now. Storing it returns the draft to its author."""
        return self._decide(approver, decision="rejected", comment=comment)

    def schedule(self, publish_at: datetime) -> ScheduledPublish:
        """Plan the approved draft for `publish_at` (aware) on its LARP's Page, which the database fills in."""
        if DraftStatus.SCHEDULED not in DRAFT_MOVES[DraftStatus(self.status)]:
            raise self._illegal(DraftStatus.SCHEDULED)
        return ScheduledPublish(draft_id=self.id, publish_at=publish_at)

    def unschedule(self, reason: str) -> None:
        """Cancel the present schedule; the draft stays approved. Raises `IllegalMoveError` once it is on its way."""
        if self.status != DraftStatus.SCHEDULED:
            raise self._illegal(DraftStatus.APPROVED)
        for post in self.scheduled_posts:
            if not post.is_final:
                post.mark_canceled(reason)

    def _decide(self, approver: str, *, decision: str, comment: str | None) -> DraftApproval:
        if self.status != DraftStatus.PENDING_APPROVAL:
            raise self._illegal(DraftStatus.APPROVED)
        return DraftApproval(
            draft_id=self.id, approver=approver, decision=decision, comment=comment, content_hash=self.content_hash
        )

    def _move_to(self, status: DraftStatus) -> None:
        if status not in DRAFT_MOVES[DraftStatus(self.status)]:
            raise self._illegal(status)
        self.status = status

    def _illegal(self, status: DraftStatus) -> IllegalMoveError:
        return IllegalMoveError(
            f"Draft {self.id} is “{self.status}” and can't become “{status}”.",
            next_step="submit it, let it be approved, then schedule it; a canceled or published draft stays as it is.",
        )


class DraftApproval(Base):
    """One decision of one approver on one version of the content; never changed afterwards."""

    __tablename__ = "social_draft_approvals"
    __table_args__ = (Index("social_draft_approvals_by_draft", "draft_id", "content_hash"),)

    id: Mapped[UuidKey]
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("social_drafts.id"))
    approver: Mapped[str]
    decision: Mapped[str]
    comment: Mapped[str | None]
    content_hash: Mapped[str] = mapped_column(server_default="")
    decided_at: Mapped[WrittenNow]
    review: Mapped[int] = mapped_column(server_default="1")
    page_id: Mapped[str | None]
    """The LARP's Page at that time."""
    required_approvals: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    """How many the LARP asked for at that time."""


class ApprovalRule(Base):
    """How many have to approve a LARP's drafts, and who, where they are named. Without a row: one, whoever it is."""

    __tablename__ = "social_approval_rules"

    larp_id: Mapped[UUID] = mapped_column(ForeignKey("larps.id"), primary_key=True)
    required_approvals: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    approvers: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    updated_at: Mapped[WrittenNow]
