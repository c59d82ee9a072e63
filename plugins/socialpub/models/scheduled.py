"""An approved draft on its way to a Page, and each try to get it there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Computed, DateTime, FetchedValue, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from socialpub.errors import IllegalMoveError
from socialpub.models.base import Base, UuidKey, WrittenNow
from socialpub.models.connection import FacebookPageConnection
from socialpub.models.statuses import FINAL, POST_MOVES, USES_A_TRY, AttemptOutcome, PostStatus

if TYPE_CHECKING:
    from socialpub.models.draft import EventPostDraft

AFTER_RESTORE = "after_restore"
"""In the place of a DAG: the attempts that stand for what was done between a dump and its restore."""


class ScheduledPublish(Base):
    """One scheduled post. A `mark_…` method is the one constructor of its legal outcome."""

    __tablename__ = "social_scheduled_posts"
    __table_args__ = (
        Index(
            "one_live_schedule_per_draft",
            "draft_id",
            # As PostgreSQL writes it back, so that a test can compare the two.
            text("NULLIF(stage = ANY (ARRAY['failed'::text, 'canceled'::text, 'missed'::text]), true)"),
            unique=True,
        ),
        Index(
            "social_scheduled_posts_settled",
            "connection_id",
            "publish_at",
            postgresql_where=text("stage in ('published', 'failed', 'missed', 'canceled')"),
        ),
        Index("social_scheduled_posts_due", "due_at", postgresql_where=text("stage = 'open'")),
        Index(
            "one_row_per_facebook_post",
            "facebook_post_id",
            unique=True,
            postgresql_where=text("facebook_post_id is not null"),
        ),
        Index("social_scheduled_posts_handed_over", "due_at", postgresql_where=text("stage = 'handed_over'")),
        Index(
            "social_scheduled_posts_to_hand_over",
            "due_at",
            postgresql_where=text("stage = 'open' and delivery = 'native'"),
        ),
        Index("social_scheduled_posts_unconfirmed", "due_at", postgresql_where=text("stage = 'unconfirmed'")),
        Index(
            "social_scheduled_posts_living",
            "connection_id",
            "publish_at",
            postgresql_where=text("stage in ('open', 'unconfirmed', 'handed_over')"),
        ),
        Index(
            "social_scheduled_posts_put_off",
            "due_at",
            postgresql_where=text("stage = 'open' and next_attempt_at is not null"),
        ),
        Index(
            "social_scheduled_posts_aside",
            "connection_id",
            "stage",
            "publish_at",
            "id",
            postgresql_where=text("stage in ('handed_over', 'unconfirmed', 'failed', 'missed', 'canceled')"),
        ),
        Index(
            "social_scheduled_posts_by_hand",
            "connection_id",
            "publish_at",
            "id",
            postgresql_where=text("stage = 'published' and requested_now_at is not null"),
        ),
    )

    id: Mapped[UuidKey]
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("social_drafts.id"))
    connection_id: Mapped[UUID] = mapped_column(ForeignKey("facebook_page_connections.id"))
    publish_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(server_default=PostStatus.PENDING)
    stage: Mapped[str] = mapped_column(
        Computed(
            "CASE WHEN status = ANY (ARRAY['pending'::text, 'queued'::text, 'publishing'::text]) THEN 'open'::text"
            " ELSE status END",
            persisted=True,
        )
    )
    """What indexes are made for; a claim does not change it. Search for posts by it and their status."""
    status_reason: Mapped[str | None]
    content_hash: Mapped[str] = mapped_column(server_default="")
    next_attempt_at: Mapped[datetime | None]
    due_at: Mapped[datetime] = mapped_column(Computed("COALESCE(next_attempt_at, publish_at)", persisted=True))
    requested_now_at: Mapped[datetime | None]
    requested_now_by: Mapped[str | None]
    requested_now_reason: Mapped[str | None]
    queued_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None]
    lease_expires_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    facebook_post_id: Mapped[str | None]
    """The full id of the post. Of a video that Facebook still holds only the video has one, which stands here then."""
    permalink_url: Mapped[str | None]
    delivery: Mapped[str] = mapped_column(server_default=FetchedValue())
    """Its Page's, unless the post has its own."""
    handed_over_at: Mapped[datetime | None]
    handed_over_for: Mapped[datetime | None]
    """When Facebook will publish it; another `publish_at` still has to be told."""
    lateness_rule: Mapped[str | None]
    late_by_minutes: Mapped[int | None]
    wall_time: Mapped[datetime | None] = mapped_column(DateTime(timezone=False))
    """What the clock in `time_zone` shows at `publish_at`, where a person planned it so."""
    time_zone: Mapped[str | None]
    created_by: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[WrittenNow]
    updated_at: Mapped[WrittenNow]

    draft: Mapped[EventPostDraft] = relationship(back_populates="scheduled_posts")
    connection: Mapped[FacebookPageConnection] = relationship()
    attempts: Mapped[list[PublishAttempt]] = relationship(
        back_populates="post", order_by="PublishAttempt.attempt_number"
    )

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def tries_used(self) -> int:
        """How many attempts count against the limit; rate limits, unsent attempts and hand-overs do not."""
        return sum(attempt.outcome in USES_A_TRY and not attempt.is_hand_over for attempt in self.attempts)

    @property
    def hand_overs_tried(self) -> int:
        """How often Facebook was asked to hold the post and did not, or may not have."""
        return sum(attempt.outcome in USES_A_TRY and attempt.is_hand_over for attempt in self.attempts)

    def mark_queued(self, *, claimed_by: str, lease_expires_at: datetime, now: datetime) -> None:
        """Give the post to one run, which has until `lease_expires_at` to move it on."""
        self._move_to(PostStatus.QUEUED, reason=None)
        self.queued_at, self.claimed_by, self.lease_expires_at = now, claimed_by, lease_expires_at

    def mark_retry(self, reason: str, *, next_attempt_at: datetime, grace: timedelta) -> None:
        """Keep the post with its run until shortly after the next attempt is due."""
        self._move_to(PostStatus.QUEUED, reason=reason)
        self.next_attempt_at, self.lease_expires_at = next_attempt_at, next_attempt_at + grace

    def mark_published(self, facebook_post_id: str, *, permalink_url: str | None, published_at: datetime) -> None:
        self._move_to(PostStatus.PUBLISHED, reason=None)
        self.facebook_post_id, self.permalink_url, self.published_at = facebook_post_id, permalink_url, published_at

    def mark_handed_over(self, facebook_post_id: str, *, now: datetime) -> None:
        """Facebook publishes it at `publish_at`, and may be told another time or to forget it until then."""
        self._move_to(PostStatus.HANDED_OVER, reason=None)
        self.facebook_post_id, self.next_attempt_at = facebook_post_id, None
        self.handed_over_at, self.handed_over_for = now, self.publish_at

    def mark_moved(self, publish_at: datetime) -> None:
        """Facebook has been told to publish it at that time."""
        self.handed_over_for = publish_at

    def mark_failed(self, error: str) -> None:
        self._move_to(PostStatus.FAILED, reason=error)

    def mark_unconfirmed(self, reason: str, *, check_at: datetime) -> None:
        """The post may be live. `check_at` is when the next read-back is due."""
        self._move_to(PostStatus.UNCONFIRMED, reason=reason)
        self.next_attempt_at = check_at

    def mark_pending(self, reason: str | None, *, next_attempt_at: datetime | None) -> None:
        """Give the post back to the scan; `next_attempt_at` None keeps the time that a person planned."""
        self._move_to(PostStatus.PENDING, reason=reason)
        self.next_attempt_at = next_attempt_at

    def mark_canceled(self, reason: str) -> None:
        self._move_to(PostStatus.CANCELED, reason=reason)

    def _move_to(self, status: PostStatus, *, reason: str | None) -> None:
        if status not in POST_MOVES[PostStatus(self.status)]:
            raise IllegalMoveError(
                f"Scheduled post {self.id} is “{self.status}” and can't become “{status}”.",
                next_step="look at its attempts and its audit log: something else has moved it meanwhile.",
            )
        self.status, self.status_reason = status, reason
        if status not in (PostStatus.QUEUED, PostStatus.PUBLISHING):
            self.lease_expires_at = self.claimed_by = None


class PublishAttempt(Base):
    """One try to publish, from the claim to what became of it."""

    __tablename__ = "social_publish_attempts"
    __table_args__ = (
        UniqueConstraint("scheduled_post_id", "attempt_number", name="one_attempt_per_number"),
        Index(
            "one_open_attempt_per_post",
            "scheduled_post_id",
            unique=True,
            postgresql_where=text("finished_at is null"),
        ),
        Index("social_publish_attempts_by_fbtrace_id", "fbtrace_id", postgresql_where=text("fbtrace_id is not null")),
    )

    id: Mapped[UuidKey]
    scheduled_post_id: Mapped[UUID] = mapped_column(ForeignKey("social_scheduled_posts.id"))
    attempt_number: Mapped[int]
    dag_id: Mapped[str]
    run_id: Mapped[str]
    started_at: Mapped[WrittenNow]
    sent_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    is_hand_over: Mapped[bool] = mapped_column(server_default="false")
    """Whether it asks Facebook to hold the post until its time, instead of publishing it."""
    outcome: Mapped[str | None]
    http_status: Mapped[int | None]
    error_class: Mapped[str | None]
    error_code: Mapped[int | None]
    error_subcode: Mapped[int | None]
    fbtrace_id: Mapped[str | None]
    error_message: Mapped[str | None]
    response_payload: Mapped[dict[str, Any] | None]

    post: Mapped[ScheduledPublish] = relationship(back_populates="attempts")

    @property
    def is_of_restore(self) -> bool:
        """Whether it stands for whatever was done since the dump that the database was restored from."""
        return self.dag_id == AFTER_RESTORE

    def close(self, outcome: AttemptOutcome, *, now: datetime) -> None:
        self.outcome, self.finished_at = outcome, now
