"""Native schedules: what may be scheduled, and how far ahead (Graph API reference, Scheduling)."""

from __future__ import annotations

from graph_sandbox.entities import Fate
from graph_sandbox.errors import invalid_parameter
from graph_sandbox.params import read_text, read_time
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World

UNPUBLISHED_CONTENT_TYPES = frozenset(
    {
        "SCHEDULED",
        "SCHEDULED_RECURRING",
        "DRAFT",
        "PUBLISH_PENDING",
        "ADS_POST",
        "INLINE_CREATED",
        "PUBLISHED",
        "REVIEWABLE_BRANDED_CONTENT",
    }
)

FATES = {"schedule_vanishes": Fate.VANISHES, "schedule_stays": Fate.STAYS}
"""The fault modes that let a schedule fail, and what they make of it."""


def scripted_fate(request: GraphRequest) -> Fate:
    """Return what shall become of the schedule this request makes."""
    return FATES.get(request.fault.mode, Fate.FIRES) if request.fault else Fate.FIRES


def read_schedule(world: World, request: GraphRequest, *, edge: str, is_published: bool) -> int | None:
    """Return when something of this edge shall go out by itself, inside the window of the settings.

    Raises:
        GraphFault: code 100 for a schedule on something published, or one outside the window.
    """
    publish_at = read_time(request.params, "scheduled_publish_time")
    if publish_at is None:
        return None
    if is_published:
        raise invalid_parameter("You cannot specify a scheduled publish time on a published post")
    ahead, settings = publish_at - world.now(), world.settings
    if not settings.schedule_min_seconds <= ahead <= settings.schedule_max_seconds[edge]:
        raise invalid_parameter("The specified scheduled publish time is invalid")
    return publish_at


def read_content_type(request: GraphRequest, *, is_published: bool, publish_at: int | None) -> str | None:
    """Return `unpublished_content_type`, which must agree with the rest of the request."""
    content_type = read_text(request.params, "unpublished_content_type")
    if content_type is None:
        return None
    if content_type not in UNPUBLISHED_CONTENT_TYPES:
        allowed = ", ".join(sorted(UNPUBLISHED_CONTENT_TYPES))
        raise invalid_parameter(f"Param unpublished_content_type must be one of {{{allowed}}}")
    if is_published:
        raise invalid_parameter("You cannot specify unpublished_content_type on a published post")
    if content_type == "SCHEDULED" and publish_at is None:
        raise invalid_parameter("Missing parameter: scheduled_publish_time")
    if content_type != "SCHEDULED" and publish_at is not None:
        raise invalid_parameter("A scheduled post must have unpublished_content_type SCHEDULED")
    return content_type
