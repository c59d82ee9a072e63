"""What goes into the routes for drafts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

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


def read_instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _read_offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    size = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return -size if text[0] == "-" else size
