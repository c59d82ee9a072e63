"""What programs get as JSON."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from socialpub.services.connection_status import ConnectionStatus


class PageAnswer(BaseModel):
    """The connected Page. `expires_at` null means never."""

    page_id: str
    page_name: str
    token_status: str
    token_problem: str | None
    reason: str | None
    expires_at: datetime | None
    data_access_expires_at: datetime | None
    checked_at: datetime | None
    scopes: tuple[str, ...]
    granted_by: str | None
    is_feed_subscribed: bool
    is_paused: bool
    waiting_posts: int
    model_config = ConfigDict(from_attributes=True)


class ConnectionAnswer(BaseModel):
    """Whether a Page is connected, and how it stands."""

    is_connected: bool
    page: PageAnswer | None

    @classmethod
    def of(cls, page: ConnectionStatus | None) -> ConnectionAnswer:
        return cls(is_connected=page is not None, page=None if page is None else PageAnswer.model_validate(page))
