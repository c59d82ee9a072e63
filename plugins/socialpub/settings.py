"""Everything configurable, read once and typed: `SOCIALPUB_…` variables, plain numbers, the unit in the name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path

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

_PREFIX = "SOCIALPUB_"


@dataclass(frozen=True, slots=True)
class TokenSettings:
    """Whose signed tokens the HTTP face takes; without an issuer nobody's."""

    issuer: str = ""
    audience: str = "socialpub"
    keys: str = ""
    """A file with public keys (PEM or JWKS), or an https address of a JWKS."""
    leeway: timedelta = timedelta(seconds=30)
    """How far the backoffice's clock may be off."""


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
    tokens: TokenSettings = field(default_factory=TokenSettings)
    airflow_roles: tuple[tuple[str, str, str], ...] = ()
    """Airflow logins that are no admins: name, role, and LARP or "*"."""
    webhook_token: str = field(default="", repr=False)
    """What Facebook has to name when it asks whether the webhook's address is ours; "" refuses."""
    webhook: WebhookLimits = field(default_factory=WebhookLimits)
    tidy: TidyLimits = field(default_factory=TidyLimits)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises `ConfigurationError` naming the variable that can't be read."""

        def seconds(name: str, default: float) -> timedelta:
            return timedelta(seconds=_number(environment, name, default))

        def count(name: str, default: int) -> int:
            return int(_number(environment, name, default, at_least=1))

        return cls(
            token_keys=environment.get(f"{_PREFIX}TOKEN_KEYS", ""),
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
                min_ahead=timedelta(minutes=_number(environment, "HAND_OVER_MIN_MINUTES", 15)),
                max_ahead=timedelta(days=_number(environment, "HAND_OVER_MAX_DAYS", 28)),
            ),
            verify=VerifyLimits(
                look_after=seconds("VERIFY_AFTER_SECONDS", 120), publish_after=seconds("VERIFY_LATE_SECONDS", 600)
            ),
            clean_up=CleanUpLimits(max_tries=count("CLEAN_UP_TRIES", 10)),
            media=MediaPlaces(environment.get(f"{_PREFIX}MEDIA_ROOT", "").strip(), _list(environment, "MEDIA_URLS")),
            media_limits=MediaLimits(
                PhotoLimits(
                    safe_bytes=count("PHOTO_SAFE_BYTES", PhotoLimits().safe_bytes),
                    hard_bytes=count("PHOTO_MAX_BYTES", PhotoLimits().hard_bytes),
                ),
                VideoLimits(max_bytes=count("VIDEO_MAX_BYTES", VideoLimits().max_bytes)),
            ),
            uploads=UploadLimits(
                upload_ahead=seconds("UPLOAD_AHEAD_SECONDS", UploadLimits().upload_ahead.total_seconds()),
                max_posts=count("MAX_UPLOADS_PER_RUN", UploadLimits().max_posts),
            ),
            link_limits=LinkLimits(
                time=seconds("LINK_SECONDS", 10), private_hosts=frozenset(_list(environment, "LINK_PRIVATE_HOSTS"))
            ),
            check=CheckLimits(group_size=count("CHECK_GROUP_SIZE", 250), threads=count("CHECK_THREADS", 8)),
            public_url=environment.get(f"{_PREFIX}PUBLIC_URL", "").strip().rstrip("/"),
            extra_permissions=_words(environment.get(f"{_PREFIX}EXTRA_PERMISSIONS", "")),
            grouping=Grouping(pace=timedelta(minutes=_number(environment, "NOTIFY_PACE_MINUTES", 5))),
            link_lifetime=timedelta(days=_number(environment, "LINK_DAYS", 3, at_least=0.01)),
            twins_within=timedelta(hours=_number(environment, "DUPLICATE_HOURS", 24)),
            templates_folder=_folder(environment, "TEMPLATES_FOLDER"),
            draft_url=_draft_url(environment),
            tokens=_token_settings(environment),
            airflow_roles=_airflow_roles(environment),
            webhook_token=environment.get(f"{_PREFIX}WEBHOOK_TOKEN", "").strip(),
        )


def _token_settings(environment: Mapping[str, str]) -> TokenSettings:
    issuer, keys = (environment.get(f"{_PREFIX}JWT_{name}", "").strip() for name in ("ISSUER", "KEYS"))
    if bool(issuer) != bool(keys):
        raise ConfigurationError(
            f"Only one of {_PREFIX}JWT_ISSUER and {_PREFIX}JWT_KEYS is set.", next_step="set both, or neither."
        )
    return TokenSettings(
        issuer=issuer,
        audience=environment.get(f"{_PREFIX}JWT_AUDIENCE", "").strip() or TokenSettings().audience,
        keys=keys,
        leeway=timedelta(seconds=_number(environment, "JWT_LEEWAY_SECONDS", 30)),
    )


def _airflow_roles(environment: Mapping[str, str]) -> tuple[tuple[str, str, str], ...]:
    """`anna=marketing_coordinator@*, ola=social_approver@1b4e28ba-…`."""
    found = []
    for part in _list(environment, "AIRFLOW_ROLES"):
        name, equals, rest = part.rpartition("=")
        role, at, larp = rest.partition("@")
        if not (name and equals and role and at and larp):
            raise ConfigurationError(
                f"{_PREFIX}AIRFLOW_ROLES has “{part}”.",
                next_step="write login=role@larp, separated by commas, with a LARP's id or *.",
            )
        found.append((name, role, larp))
    return tuple(found)


def _folder(environment: Mapping[str, str], name: str) -> Path | None:
    text = environment.get(_PREFIX + name, "").strip()
    if text and not Path(text).is_dir():
        raise ConfigurationError(
            f"{_PREFIX}{name} is “{text}”, which is no folder.", next_step="make it, or leave the variable out."
        )
    return Path(text) if text else None


def _draft_url(environment: Mapping[str, str]) -> str:
    text = environment.get(f"{_PREFIX}DRAFT_URL", "").strip()
    try:
        text.format(larp_id="", draft_id="")
    except (KeyError, IndexError, ValueError) as error:
        raise ConfigurationError(
            f"{_PREFIX}DRAFT_URL is “{text}”.",
            next_step="write {larp_id} and {draft_id} where they belong, and no other braces.",
        ) from error
    return text


@cache
def load_settings() -> Settings:
    return Settings.from_environment(os.environ)


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _retry_minutes(environment: Mapping[str, str]) -> tuple[float, ...]:
    """Three waits: the publish tasks have three retries."""
    text = environment.get(f"{_PREFIX}RETRY_MINUTES", "").strip() or "5,15,45"
    try:
        minutes = tuple(float(part) for part in text.split(","))
    except ValueError:
        minutes = ()
    if len(minutes) != 3 or not all(0 <= wait < float("inf") for wait in minutes):
        raise ConfigurationError(
            f"{_PREFIX}RETRY_MINUTES is “{text}”.",
            next_step="set it to three numbers of minutes such as 5,15,45, or leave it out.",
        )
    return minutes


def _list(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in environment.get(_PREFIX + name, "").split(",") if part.strip())


def _number(environment: Mapping[str, str], name: str, default: float, *, at_least: float = 0) -> float:
    text = environment.get(_PREFIX + name, "").strip()
    try:
        number = float(text) if text else default
    except ValueError:
        number = float("nan")
    if not at_least <= number < float("inf"):
        raise ConfigurationError(
            f"{_PREFIX}{name} is “{text}”.", next_step=f"set it to a number of at least {at_least:g}, or leave it out."
        )
    return number
