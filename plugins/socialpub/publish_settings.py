"""How posts are claimed, sent, tried again and handed over, read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from socialpub.environment import PREFIX, read_count, read_number, read_seconds, read_text
from socialpub.errors import ConfigurationError
from socialpub.services.claim import ScanLimits
from socialpub.services.hand_over import HandOverLimits
from socialpub.services.outcomes import RetryRules
from socialpub.services.publish import PublishTiming
from socialpub.services.verify_handed_over import VerifyLimits

_SCAN, _TIMING, _VERIFY, _HAND_OVER = ScanLimits(), PublishTiming(), VerifyLimits(), HandOverLimits()
_MINUTE, _DAY = timedelta(minutes=1), timedelta(days=1)


def read_scan(environment: Mapping[str, str]) -> ScanLimits:
    return ScanLimits(
        claim_ahead=read_seconds(environment, "CLAIM_AHEAD_SECONDS", _SCAN.claim_ahead),
        lease=read_seconds(environment, "QUEUED_LEASE_SECONDS", _SCAN.lease),
        catch_up_pace=read_seconds(environment, "CATCH_UP_SECONDS", _SCAN.catch_up_pace),
        max_posts=read_count(environment, "MAX_POSTS_PER_SCAN", _SCAN.max_posts),
        max_lanes=read_count(environment, "MAX_LANES", _SCAN.max_lanes),
        burst_lanes=read_count(environment, "BURST_LANES", _SCAN.burst_lanes),
        look_again_after=read_seconds(environment, "LOOK_AGAIN_SECONDS", _SCAN.look_again_after),
    )


def read_timing(environment: Mapping[str, str]) -> PublishTiming:
    return PublishTiming(
        fence_ahead=read_seconds(environment, "FENCE_AHEAD_SECONDS", _TIMING.fence_ahead),
        send_lease=read_seconds(environment, "SEND_LEASE_SECONDS", _TIMING.send_lease),
    )


def read_retries(environment: Mapping[str, str]) -> RetryRules:
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
    return RetryRules(delays=tuple(timedelta(minutes=wait) for wait in minutes))


def read_hand_over(environment: Mapping[str, str]) -> HandOverLimits:
    """Raises `ConfigurationError` also for what Facebook won't take."""
    return HandOverLimits(
        min_ahead=_MINUTE * read_number(environment, "HAND_OVER_MIN_MINUTES", _HAND_OVER.min_ahead / _MINUTE),
        max_ahead=_DAY * read_number(environment, "HAND_OVER_MAX_DAYS", _HAND_OVER.max_ahead / _DAY),
    )


def read_verify(environment: Mapping[str, str]) -> VerifyLimits:
    return VerifyLimits(
        look_after=read_seconds(environment, "VERIFY_AFTER_SECONDS", _VERIFY.look_after),
        publish_after=read_seconds(environment, "VERIFY_LATE_SECONDS", _VERIFY.publish_after),
    )
