"""What the control API takes: one model per operation.

Unknown keys are refused, so that a typo is not a silent no-op.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from graph_sandbox.edge_faults import ALL_FAULTS
from graph_sandbox.entities import PAGE_TASKS, PUBLISHING_SCOPES, Fate
from graph_sandbox.state import DEFAULT_APP


class Order(BaseModel):
    """An order to the sandbox."""

    model_config = ConfigDict(extra="forbid")


class AppOrder(Order):
    """Add or replace an app."""

    app_id: str
    app_secret: str
    name: str = "Larpowe Wpisy"
    require_proof: bool = True
    redirect_uris: tuple[str, ...] = ()


class WebhookOrder(Order):
    """Where an app wants to hear of Pages; None ends it. Pages are subscribed one by one."""

    app_id: str = DEFAULT_APP
    url: str | None = Field(default=None, pattern=r"^https?://")


class SubscriptionOrder(Order):
    """Subscribe an app to fields of a Page, as `POST /{page}/subscribed_apps` does with its token."""

    app_id: str = DEFAULT_APP
    fields: tuple[str, ...] = ("feed",)


class PageOrder(Order):
    """Add or replace a Page."""

    page_id: str = Field(pattern=r"^\d+$")
    name: str
    app_id: str = DEFAULT_APP
    category: str = "Community"
    tasks: tuple[str, ...] = PAGE_TASKS
    scopes: tuple[str, ...] = PUBLISHING_SCOPES
    token: str | None = None


class PageChange(Order):
    """Change how a Page behaves; what is absent stays."""

    list_lag_seconds: float | None = Field(default=None, ge=0)
    usage: dict[str, int] | None = None


class UserOrder(Order):
    """Add or replace a person."""

    user_id: str = Field(pattern=r"^\d+$")
    name: str
    app_id: str = DEFAULT_APP
    accounts: list[str] = []
    scopes: tuple[str, ...] = PUBLISHING_SCOPES
    declined_scopes: set[str] = set()
    is_developer: bool = False
    token: str | None = None


class PageTokenOrder(Order):
    """Add another Page access token, as another app (or another person) would hold it."""

    page_id: str
    token: str = Field(min_length=1)
    app_id: str = DEFAULT_APP
    tasks: tuple[str, ...] = PAGE_TASKS
    scopes: tuple[str, ...] = PUBLISHING_SCOPES
    expires_at: float | None = None


class TokenChange(Order):
    """Change an access token; what is absent stays. `is_refused` makes it answer 190 with `refusal_subcode`."""

    token: str
    is_refused: bool | None = None
    refusal_subcode: int | None = None
    scopes: tuple[str, ...] | None = None
    tasks: tuple[str, ...] | None = None
    expires_at: float | None = None


class RoleOrder(Order):
    """Take a person's role on a Page away, or give it back."""

    user_id: str
    page_id: str
    has_role: bool


class ClockOrder(Order):
    """Set the clock's offset, or move it on."""

    offset_seconds: float | None = None
    advance_seconds: float = 0.0


class SettingsChange(Order):
    """Change the settings of the whole sandbox; what is absent stays."""

    latency_seconds: float | None = Field(default=None, ge=0)
    refuse_duplicates: bool | None = None
    schedule_min_seconds: int | None = None
    schedule_max_seconds: dict[Literal["feed", "photos", "videos"], int] | None = None
    dialog_decision: Literal["approve", "deny", "ask"] | None = None
    unscrapable_hosts: set[str] | None = None
    app_usage: dict[str, int] | None = None
    photo_max_bytes: int | None = Field(default=None, ge=1)
    unused_photo_seconds: float | None = Field(default=None, ge=0)
    max_attached_media: int | None = Field(default=None, ge=1)
    fetchable_hosts: set[str] | None = None
    video_min_bytes: int | None = Field(default=None, ge=0)
    video_max_bytes: int | None = Field(default=None, ge=1)
    single_video_max_bytes: int | None = Field(default=None, ge=1)
    kept_video_bytes: int | None = Field(default=None, ge=0)
    chunk_bytes: int | None = Field(default=None, ge=1)
    upload_session_seconds: float | None = Field(default=None, ge=0)
    processing_seconds: float | None = Field(default=None, ge=0)
    is_error_data_text: bool | None = None
    is_file_offset_text: bool | None = None
    tells_of_unseen_posts: bool | None = None


class FateOrder(Order):
    """Decide what becomes of a native schedule."""

    fate: Fate


class FaultOrder(Order):
    """Script a fault; see `FaultRule` for what the keys mean."""

    mode: str
    page_id: str | None = None
    edge: str | None = None
    method: Literal["GET", "POST", "DELETE"] | None = None
    times: int = Field(default=1, ge=0)
    skip: int = Field(default=0, ge=0)
    chance: float = Field(default=1.0, ge=0, le=1)
    match_message: str | None = None
    phase: str | None = None
    after_bytes: int = Field(default=0, ge=0)
    delay_seconds: float | None = Field(default=None, ge=0)
    regain_minutes: int | None = None
    code: int | None = None
    subcode: int | None = None
    status: int | None = None
    error_message: str | None = None

    @field_validator("mode")
    @classmethod
    def mode_is_known(cls, mode: str) -> str:
        """Refuse a mode the table does not have."""
        if mode not in ALL_FAULTS:
            raise ValueError(f"unknown fault mode {mode!r}")
        return mode
