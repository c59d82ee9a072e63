"""What comes out of the routes for drafts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from socialpub.api.problem import FindingAnswer
from socialpub.models import DraftStatus, PublishAttempt
from socialpub.services.drafts.findings import DraftFinding
from socialpub.services.drafts.lists import DraftLine, DraftPage
from socialpub.services.drafts.read import DraftDetails


class Answer(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class AssetAnswer(Answer):
    id: UUID
    position: int
    type: str
    storage_path: str
    mime_type: str | None
    size_bytes: int | None
    checksum_sha256: str | None
    alt_text: str | None
    title: str | None
    upload_state: str = Field(description="How far it is on its way to Facebook.")


class ApprovalAnswer(Answer):
    approver: str
    decision: str
    comment: str | None
    content_hash: str
    decided_at: datetime


class ScheduleAnswer(Answer):
    """`wall_time` and `time_zone` are null where only an instant was planned."""

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


class DraftAnswer(BaseModel):
    """A draft as it stands. Its ETag is its version, for If-Match."""

    id: UUID
    larp_id: UUID
    version: int
    status: DraftStatus
    title: str
    body: str
    link: str | None
    first_comment: str | None
    first_comment_delay_minutes: int
    content_hash: str = Field(description="Of all that an approver sees.")
    created_by: str
    updated_by: str
    created_at: datetime
    updated_at: datetime
    assets: list[AssetAnswer]
    approvals: list[ApprovalAnswer] = Field(description="All decisions, oldest first.")
    missing_approvals: int
    schedules: list[ScheduleAnswer] = Field(description="Newest first.")

    @classmethod
    def of(cls, details: DraftDetails) -> Self:
        draft = details.draft
        own = {name: getattr(draft, name) for name in _DRAFT_FIELDS}
        return cls(
            **own,
            assets=[AssetAnswer.model_validate(asset) for asset in details.assets],
            approvals=[ApprovalAnswer.model_validate(decision) for decision in details.approvals],
            schedules=[ScheduleAnswer.model_validate(schedule) for schedule in details.schedules],
            missing_approvals=details.missing_approvals,
        )


_DRAFT_FIELDS = (
    *("id", "larp_id", "version", "status", "title", "body", "link", "first_comment", "first_comment_delay_minutes"),
    *("content_hash", "created_by", "updated_by", "created_at", "updated_at"),
)


class SubmissionAnswer(BaseModel):
    draft: DraftAnswer
    findings: list[FindingAnswer] = Field(description="Warnings; with an error the answer is 409, and lists them all.")


class LineAnswer(Answer):
    """A draft in a list; what belongs to a schedule is null without one."""

    id: UUID
    title: str
    status: DraftStatus
    version: int
    content_hash: str
    created_by: str
    updated_by: str
    created_at: datetime
    updated_at: datetime
    scheduled_post_id: UUID | None
    publish_at: datetime | None
    wall_time: datetime | None
    time_zone: str | None
    post_status: str | None
    permalink_url: str | None


class ListAnswer(BaseModel):
    """A page of a list; `next_cursor` null is the end."""

    drafts: list[LineAnswer]
    next_cursor: str | None

    @classmethod
    def of(cls, page: DraftPage) -> Self:
        return cls(drafts=[_line(line) for line in page.lines], next_cursor=page.next_cursor)


class AttemptAnswer(Answer):
    """One try to publish."""

    id: UUID
    scheduled_post_id: UUID
    attempt_number: int
    started_at: datetime
    sent_at: datetime | None
    finished_at: datetime | None
    is_hand_over: bool
    outcome: str | None
    error_code: int | None
    error_subcode: int | None
    fbtrace_id: str | None
    error_message: str | None
    dag_id: str
    run_id: str


class AttemptsAnswer(BaseModel):
    attempts: list[AttemptAnswer]

    @classmethod
    def of(cls, attempts: list[PublishAttempt]) -> Self:
        return cls(attempts=[AttemptAnswer.model_validate(attempt) for attempt in attempts])


class AuditEntry(Answer):
    """Who did what, when; `payload` is what stands there since, `before` what stood there, where something did."""

    id: int
    occurred_at: datetime
    actor: str
    action: str
    entity_id: UUID
    request_id: str | None
    payload: dict[str, Any]
    before: dict[str, Any] | None


class AuditAnswer(BaseModel):
    """Oldest first; go on with the last entry's id as `after`, until fewer come than were asked for."""

    entries: list[AuditEntry]


class RunAnswer(BaseModel):
    """The Airflow run that publishes the draft."""

    run_id: str
    run_url: str = Field(examples=["https://airflow.example/dags/publish_post_now/runs/manual__2027-05-01"])


def describe_findings(findings: tuple[DraftFinding, ...]) -> list[FindingAnswer]:
    return [FindingAnswer.model_validate(finding) for finding in findings]


def _line(line: DraftLine) -> LineAnswer:
    return LineAnswer.model_validate(line)
