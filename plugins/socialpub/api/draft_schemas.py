"""What goes in and out of the routes for drafts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from socialpub.api.problem import FindingAnswer
from socialpub.models import DraftStatus, PublishAttempt
from socialpub.services.drafts.findings import DraftFinding
from socialpub.services.drafts.lists import DraftLine, DraftPage
from socialpub.services.drafts.read import DraftDetails
from socialpub.services.drafts.schedule import When

_TIME = r"^20\d{2}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d(:[0-5]\d)?"
_INSTANT = _TIME + r"(Z|[+-][01]\d:[0-5]\d)$"
_HASH = r"^[0-9a-f]{64}$"


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("NUL is no character of a text")
    return text


def _readable(text: str) -> str:
    datetime.fromisoformat(text)
    return text


Text = Annotated[str, AfterValidator(_storable)]
Line = Annotated[Text, Field(min_length=1, max_length=255, pattern=r"\S")]
Instant = Annotated[str, AfterValidator(_readable), Field(pattern=_INSTANT, examples=["2027-05-01T00:00:00Z"])]
"""An aware instant; its text, because OpenAPI has no word for "with an offset"."""
_EXAMPLE_ID = "0197d3a4-7b1e-7c55-9a55-0d3f6c1f2a10"


class Order(BaseModel):
    """What is asked for. Unknown names are refused, so that a typo is no silent loss."""

    model_config = ConfigDict(extra="forbid")


class AssetOrder(Order):
    """A finished upload as a photo or video of the draft; their order is the order on the Page."""

    upload_id: UUID = Field(examples=[_EXAMPLE_ID])
    alt_text: Annotated[Text, Field(max_length=1000)] | None = Field(None, description="Of a photo.")
    title: Annotated[Text, Field(max_length=254)] | None = Field(None, description="Of a video.")
    thumbnail_upload_id: UUID | None = Field(None, description="A picture that stands for the video.")
    may_reencode: bool = Field(False, description="Whether a photo that Facebook won't take may be sent as a JPEG.")


class DraftOrder(Order):
    """All that an editor writes. An update gives all of it: what is left out is empty afterwards."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"title": "Sign-up opens", "body": "Sign-up for the autumn larp is open."}]},
    )
    title: Line
    body: Annotated[Text, Field(max_length=63_000)] = ""
    link: Annotated[Text, Field(max_length=2048, pattern=r"^https?://[^\s/]+\S*$")] | None = None
    first_comment: Annotated[Text, Field(min_length=1, max_length=8000, pattern=r"\S")] | None = None
    first_comment_delay_minutes: int = Field(0, ge=0, le=10_080)
    assets: list[AssetOrder] = Field([], max_length=10)


class TimeOrder(Order):
    """A wall time such as 2027-05-01T18:00 in `time_zone` (the LARP's if left out), or an instant with its offset."""

    at: Annotated[
        str,
        AfterValidator(_readable),
        Field(pattern=_TIME + r"(Z|[+-][01]\d:[0-5]\d)?$", examples=["2027-05-01T18:00"]),
    ]
    time_zone: Annotated[Text, Field(max_length=60)] | None = Field(None, examples=["Europe/Warsaw"])
    offset: str | None = Field(
        None, pattern=r"^[+-][01]\d:[0-5]\d$", description="Which of the two, for a time that comes twice in autumn."
    )

    def read(self) -> When:
        return When(datetime.fromisoformat(self.at), self.time_zone, _read_offset(self.offset))


class ScheduleOrder(TimeOrder):
    """When, and by whom it is published."""

    delivery: Literal["direct", "native"] | None = Field(None, description="None: as the Page has it.")


class SubmitOrder(Order):
    """Nothing is needed. With the time that is thought of, more can be checked."""

    planned: TimeOrder | None = None


class DecisionOrder(Order):
    """A decision on exactly what the approver was shown: `content_hash` as it was read."""

    decision: Literal["approved", "rejected"]
    content_hash: str = Field(pattern=_HASH, examples=["0" * 64])
    comment: Annotated[Text, Field(max_length=5000)] = Field("", description="A rejection needs one.")


class ReasonOrder(Order):
    """Why; kept in the audit log."""

    reason: Annotated[Text, Field(max_length=500)] = ""


class PublishOrder(Order):
    """Why it can't wait; kept in the audit log."""

    reason: Annotated[Text, Field(min_length=3, max_length=500, pattern=r"\S")] = Field(
        examples=["The gates open now."]
    )


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


def read_instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _read_offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    size = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return -size if text[0] == "-" else size
