"""What would go wrong with a post of the next day, as far as rows and clocks tell. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row

from socialpub.graph.login import PUBLISHING_SCOPES
from socialpub.graph.redaction import clean_text
from socialpub.models import FacebookPageConnection, PublishingGate, TokenStatus
from socialpub.models.instants import say_instant, time_left
from socialpub.services.digest.days import is_ambiguous

_NO_TIME = timedelta(0)
_NIGHT_ENDS, _NIGHT_BEGINS = 6, 23


def find_post_troubles(post: Row[Any], zone: ZoneInfo) -> Iterator[str]:
    local = post.publish_at.astimezone(zone)
    if post.has_twin:
        yield "The same words stand on the Page, or are planned for it, within two weeks."
    if is_ambiguous(local):
        yield f"{local:%H:%M} comes twice in this night; it goes out at {local:%H:%M} {local.tzname()}."
    elif not _NIGHT_ENDS <= local.hour < _NIGHT_BEGINS:
        yield f"It goes out at night, at {local:%H:%M}."
    if post.failed_assets:
        yield f"Facebook did not take {post.failed_assets} of its files."
    if post.status_reason:
        yield f"It waits: {clean_text(post.status_reason)}"


def find_page_troubles(page: FacebookPageConnection, last_post_at: datetime, now: datetime) -> Iterator[str]:
    """What holds all posts of the Page up to `last_post_at`."""
    name = clean_text(page.page_name)
    if page.access_token is None or page.token_status == TokenStatus.LOST:
        why = clean_text(page.token_status_reason or "it has no token")
        yield f"{name} has no access to Facebook ({why}): its posts wait until somebody reconnects it."
    elif page.token_expires_at is not None and time_left(page.token_expires_at, last_post_at) <= _NO_TIME:
        yield f"The access of {name} ends {say_instant(page.token_expires_at)}, before its last post is out."
    elif page.token_status == TokenStatus.EXPIRING:
        yield f"The access of {name} ends soon: reconnect it."
    if page.scopes and (missing := [scope for scope in PUBLISHING_SCOPES if scope not in page.scopes]):
        yield f"{name} was connected without {', '.join(missing)}: Facebook will refuse its posts."
    if page.paused_at:
        yield f"{name} is paused by {clean_text(page.paused_by or '')}: {clean_text(page.pause_reason or '')}."
    if page.rate_limited_until and time_left(page.rate_limited_until, now) > _NO_TIME:
        yield f"Facebook slows {name} down until {say_instant(page.rate_limited_until)}."


def find_gate_troubles(gate: PublishingGate, now: datetime) -> Iterator[str]:
    if gate.paused_at:
        yield f"All publishing is paused by {clean_text(gate.paused_by or '')}: {clean_text(gate.pause_reason or '')}."
    if gate.rate_limited_until and time_left(gate.rate_limited_until, now) > _NO_TIME:
        yield f"Facebook slows the whole app down until {say_instant(gate.rate_limited_until)}."
