"""Everything configurable, read once and typed: `SOCIALPUB_…` variables, plain numbers, the unit in the name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path

from socialpub.access_settings import (
    MetricsAccess,
    TokenSettings,
    read_airflow_people,
    read_airflow_roles,
    read_metrics_access,
    read_token_settings,
)
from socialpub.environment import PREFIX, read_folder, read_list, read_number, read_text
from socialpub.errors import ConfigurationError
from socialpub.media.limits import LinkLimits, MediaLimits, PhotoLimits, UploadLimits, VideoLimits
from socialpub.media.places import MediaPlaces
from socialpub.services.check_tokens import CheckLimits
from socialpub.services.claim import ScanLimits
from socialpub.services.clean_up import CleanUpLimits
from socialpub.services.hand_over import HandOverLimits
from socialpub.services.notices.deliver import DeliveryRules
from socialpub.services.notices.route_events import Grouping
from socialpub.services.outcomes import RetryRules
from socialpub.services.publish import PublishTiming
from socialpub.services.tidy_up import TidyLimits
from socialpub.services.verify_handed_over import VerifyLimits
from socialpub.services.webhook import WebhookLimits


@dataclass(frozen=True, slots=True)
class Settings:
    token_keys: str = field(default="", repr=False)
    """Fernet keys for the Page access tokens, newest first, separated by commas."""
    scan: ScanLimits = field(default_factory=ScanLimits)
    retries: RetryRules = field(default_factory=RetryRules)
    timing: PublishTiming = field(default_factory=PublishTiming)
    lane_threads: int = 256
    """A burst of 1,000 posts is 250 a lane: each has its thread, so none waits for another one's answer."""
    settle_time: timedelta = timedelta(seconds=120)
    hand_over: HandOverLimits = field(default_factory=HandOverLimits)
    verify: VerifyLimits = field(default_factory=VerifyLimits)
    clean_up: CleanUpLimits = field(default_factory=CleanUpLimits)
    media: MediaPlaces = field(default_factory=MediaPlaces)
    media_limits: MediaLimits = field(default_factory=MediaLimits)
    link_limits: LinkLimits = field(default_factory=LinkLimits)
    uploads: UploadLimits = field(default_factory=UploadLimits)
    upload_handles: bool = False
    """Large videos go up by Resumable Upload handles, with the token of the person who connected the Page."""
    check: CheckLimits = field(default_factory=CheckLimits)
    public_url: str = ""
    """Where people reach the plugin's app, without a slash at the end; "" is [api] base_url and /socialpub."""
    extra_permissions: tuple[str, ...] = ()
    """Asked for in the login dialog beside what publishing needs, such as pages_manage_metadata for the webhook."""
    grouping: Grouping = field(default_factory=Grouping)
    delivery: DeliveryRules = field(default_factory=DeliveryRules)
    link_lifetime: timedelta = timedelta(days=3)
    """How long a link in a message opens anything."""
    twins_within: timedelta = timedelta(hours=24)
    """The same words on the same Page, this near to each other, are worth a warning when a draft is submitted."""
    templates_folder: Path | None = None
    """Templates in here come before ours of the same name."""
    draft_url: str = ""
    """Where the backoffice shows a draft, with {larp_id} and {draft_id}; "" shows a page of our own."""
    metrics: MetricsAccess = field(default_factory=MetricsAccess)
    is_graph_log_json: bool = False
    """Whether each line of the log channel `facebook` is a JSON object."""
    tokens: TokenSettings = field(default_factory=TokenSettings)
    airflow_roles: tuple[tuple[str, str, str], ...] = ()
    """Airflow logins that are no admins: name, role, and LARP or "*"."""
    airflow_people: Mapping[str, str] = field(default_factory=dict)
    """Names at the backoffice by Airflow login; of one person with both ways in."""
    webhook_token: str = field(default="", repr=False)
    """What Facebook has to name when it asks whether the webhook's address is ours; "" refuses."""
    webhook: WebhookLimits = field(default_factory=WebhookLimits)
    tidy: TidyLimits = field(default_factory=TidyLimits)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises `ConfigurationError` naming the variable that can't be read."""

        def seconds(name: str, default: float) -> timedelta:
            return timedelta(seconds=read_number(environment, name, default))

        def count(name: str, default: int) -> int:
            return int(read_number(environment, name, default, at_least=1))

        return cls(
            token_keys=read_text(environment, "TOKEN_KEYS"),
            scan=ScanLimits(
                claim_ahead=seconds("CLAIM_AHEAD_SECONDS", 75),
                lease=seconds("QUEUED_LEASE_SECONDS", 180),
                catch_up_pace=seconds("CATCH_UP_SECONDS", 20),
                max_posts=count("MAX_POSTS_PER_SCAN", 5000),
                max_lanes=count("MAX_LANES", 16),
                burst_lanes=count("BURST_LANES", 4),
                look_again_after=seconds("LOOK_AGAIN_SECONDS", 120),
            ),
            retries=RetryRules(delays=tuple(timedelta(minutes=minutes) for minutes in _retry_minutes(environment))),
            timing=PublishTiming(
                fence_ahead=seconds("FENCE_AHEAD_SECONDS", 1), send_lease=seconds("SEND_LEASE_SECONDS", 180)
            ),
            lane_threads=count("LANE_THREADS", 256),
            settle_time=seconds("SETTLE_SECONDS", 120),
            hand_over=HandOverLimits(
                min_ahead=timedelta(minutes=read_number(environment, "HAND_OVER_MIN_MINUTES", 15)),
                max_ahead=timedelta(days=read_number(environment, "HAND_OVER_MAX_DAYS", 28)),
            ),
            verify=VerifyLimits(
                look_after=seconds("VERIFY_AFTER_SECONDS", 120), publish_after=seconds("VERIFY_LATE_SECONDS", 600)
            ),
            clean_up=CleanUpLimits(max_tries=count("CLEAN_UP_TRIES", 10)),
            media=MediaPlaces(read_text(environment, "MEDIA_ROOT"), read_list(environment, "MEDIA_URLS")),
            media_limits=MediaLimits(
                PhotoLimits(
                    safe_bytes=count("PHOTO_SAFE_BYTES", PhotoLimits().safe_bytes),
                    hard_bytes=count("PHOTO_MAX_BYTES", PhotoLimits().hard_bytes),
                ),
                VideoLimits(
                    max_bytes=count("VIDEO_MAX_BYTES", VideoLimits().max_bytes),
                    single_request_bytes=count("VIDEO_CHUNKS_ABOVE_BYTES", VideoLimits().single_request_bytes),
                ),
            ),
            uploads=UploadLimits(
                upload_ahead=seconds("UPLOAD_AHEAD_SECONDS", UploadLimits().upload_ahead.total_seconds()),
                max_posts=count("MAX_UPLOADS_PER_RUN", UploadLimits().max_posts),
            ),
            upload_handles=read_number(environment, "UPLOAD_HANDLES", 0) > 0,
            link_limits=LinkLimits(
                time=seconds("LINK_SECONDS", 10), private_hosts=frozenset(read_list(environment, "LINK_PRIVATE_HOSTS"))
            ),
            check=CheckLimits(group_size=count("CHECK_GROUP_SIZE", 250), threads=count("CHECK_THREADS", 8)),
            public_url=read_text(environment, "PUBLIC_URL").rstrip("/"),
            extra_permissions=read_list(environment, "EXTRA_PERMISSIONS"),
            grouping=Grouping(pace=timedelta(minutes=read_number(environment, "NOTIFY_PACE_MINUTES", 5))),
            link_lifetime=timedelta(days=read_number(environment, "LINK_DAYS", 3, at_least=0.01)),
            twins_within=timedelta(hours=read_number(environment, "DUPLICATE_HOURS", 24)),
            templates_folder=read_folder(environment, "TEMPLATES_FOLDER"),
            draft_url=_draft_url(environment),
            metrics=read_metrics_access(environment),
            is_graph_log_json=_is_json(environment),
            tokens=read_token_settings(environment),
            airflow_roles=read_airflow_roles(environment),
            airflow_people=read_airflow_people(environment),
            webhook_token=read_text(environment, "WEBHOOK_TOKEN"),
        )


def _is_json(environment: Mapping[str, str]) -> bool:
    form = read_text(environment, "GRAPH_LOG") or "text"
    if form not in ("text", "json"):
        raise ConfigurationError(f"{PREFIX}GRAPH_LOG is “{form}”.", next_step="set it to text or json.")
    return form == "json"


def _draft_url(environment: Mapping[str, str]) -> str:
    text = read_text(environment, "DRAFT_URL")
    try:
        text.format(larp_id="", draft_id="")
    except (KeyError, IndexError, ValueError) as error:
        raise ConfigurationError(
            f"{PREFIX}DRAFT_URL is “{text}”.",
            next_step="write {larp_id} and {draft_id} where they belong, and no other braces.",
        ) from error
    return text


@cache
def load_settings() -> Settings:
    return Settings.from_environment(os.environ)


def _retry_minutes(environment: Mapping[str, str]) -> tuple[float, ...]:
    """Three waits: the publish tasks have three retries."""
    text = read_text(environment, "RETRY_MINUTES") or "5,15,45"
    try:
        minutes = tuple(float(part) for part in text.split(","))
    except ValueError:
        minutes = ()
    if len(minutes) != 3 or not all(0 <= wait < float("inf") for wait in minutes):
        raise ConfigurationError(
            f"{PREFIX}RETRY_MINUTES is “{text}”.",
            next_step="set it to three numbers of minutes such as 5,15,45, or leave it out.",
        )
    return minutes
