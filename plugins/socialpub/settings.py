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
from socialpub.environment import PREFIX, read_count, read_folder, read_list, read_number, read_seconds, read_text
from socialpub.errors import ConfigurationError
from socialpub.media.limits import LinkLimits, MediaLimits, UploadLimits
from socialpub.media.places import MediaPlaces
from socialpub.media_settings import read_links, read_media_limits, read_places, read_uploads
from socialpub.publish_settings import read_hand_over, read_retries, read_scan, read_timing, read_verify
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

        return cls(
            token_keys=read_text(environment, "TOKEN_KEYS"),
            scan=read_scan(environment),
            retries=read_retries(environment),
            timing=read_timing(environment),
            lane_threads=read_count(environment, "LANE_THREADS", 256),
            settle_time=read_seconds(environment, "SETTLE_SECONDS", timedelta(minutes=2)),
            hand_over=read_hand_over(environment),
            verify=read_verify(environment),
            clean_up=CleanUpLimits(max_tries=read_count(environment, "CLEAN_UP_TRIES", 10)),
            media=read_places(environment),
            media_limits=read_media_limits(environment),
            uploads=read_uploads(environment),
            upload_handles=read_number(environment, "UPLOAD_HANDLES", 0) > 0,
            link_limits=read_links(environment),
            check=_read_check(environment),
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


def _read_check(environment: Mapping[str, str]) -> CheckLimits:
    return CheckLimits(
        group_size=read_count(environment, "CHECK_GROUP_SIZE", 250), threads=read_count(environment, "CHECK_THREADS", 8)
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
