"""Expiry in every zone and across clock changes: instants, not wall clocks."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from socialpub.graph.login import PUBLISHING_SCOPES
from socialpub.graph.page_post import parse_instant
from socialpub.graph.tokens import TokenInfo
from socialpub.models import FacebookPageConnection
from socialpub.services.token_verdict import days_to_prompt, judge_token

PAGE = "200000000000001"
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - as hypothesis takes them


def info(expires_at: datetime | None, data_access_expires_at: datetime | None = None) -> TokenInfo:
    return TokenInfo(True, "1", "PAGE", PAGE, "3", frozenset(PUBLISHING_SCOPES), expires_at, data_access_expires_at)


@given(now=INSTANTS, data_access=st.none() | INSTANTS)
def test_a_token_that_never_expires_is_never_reported_as_expiring(now, data_access):
    """Whatever the time, and whatever becomes of the access to personal data."""
    verdict = judge_token(info(None, data_access), page_id=PAGE, now=now)
    assert (verdict.status, verdict.reason, verdict.expires_at) == ("valid", None, None)
    assert days_to_prompt(None, now) is None
    assert not FacebookPageConnection(token_expires_at=None).is_expired(now)


def test_zero_from_facebook_is_never(monkeypatch):
    """`expires_at: 0` is not 1970."""
    assert parse_instant(0 or None) is None


@given(now=INSTANTS, left=st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_the_status_follows_from_the_time_left_alone(now, left):
    """Lost from the last instant on, expiring within seven days, valid before."""
    verdict = judge_token(info(now + left), page_id=PAGE, now=now)
    expected = "lost" if left <= timedelta(0) else "expiring" if left < timedelta(days=7) else "valid"
    assert verdict.status == expected
    assert FacebookPageConnection(token_expires_at=now + left).is_expired(now) == (expected == "lost")


CHANGES = [
    ("Europe/Warsaw", datetime(2027, 3, 28, 1, tzinfo=UTC)),
    ("Europe/Warsaw", datetime(2026, 10, 25, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2027, 3, 14, 7, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2027, 4, 3, 15, tzinfo=UTC)),
]


@pytest.mark.parametrize(("zone", "change"), CHANGES)
@pytest.mark.parametrize("minutes", [-61, -1, 0, 1, 61])
def test_a_clock_change_moves_no_threshold(zone, change, minutes):
    """Seven days are 168 hours, also where the local clock shows 167 or 169."""
    expires_at = (change + timedelta(days=3)).astimezone(ZoneInfo(zone))
    threshold = expires_at.astimezone(UTC) - timedelta(days=7)
    now = threshold + timedelta(minutes=minutes)
    verdict = judge_token(info(expires_at), page_id=PAGE, now=now.astimezone(ZoneInfo(zone)))
    assert verdict.status == ("expiring" if minutes > 0 else "valid")


def test_in_every_zone_of_the_machine_and_of_the_values_the_verdict_is_the_same():
    """Neither TZ nor the zone of an instant changes anything, in words or in status."""
    now, before = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), os.environ.get("TZ")
    expires_at = now + timedelta(days=6, hours=23)
    expected = judge_token(info(expires_at), page_id=PAGE, now=now)
    try:
        for zone in sorted(available_timezones()):
            os.environ["TZ"] = zone
            time.tzset()
            local = ZoneInfo(zone)
            for instants in ((expires_at, now), (expires_at.astimezone(local), now.astimezone(local))):
                verdict = judge_token(info(instants[0]), page_id=PAGE, now=instants[1])
                assert (verdict.status, verdict.reason) == (expected.status, expected.reason), zone
            assert parse_instant(int(expires_at.timestamp())) == expires_at, zone
            assert days_to_prompt(expires_at, now) == 7, zone
    finally:
        if before is None:
            os.environ.pop("TZ")
        else:
            os.environ["TZ"] = before
        time.tzset()


@pytest.mark.parametrize("zone", ["UTC", "Europe/Warsaw", "Pacific/Kiritimati", "America/St_Johns"])
def test_the_zone_of_the_database_session_changes_no_expiry(world, zone):
    """An instant is stored and read as one."""
    world.add_page()
    expires_at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    with world.connect() as connection:
        connection.execute(f"set timezone = '{zone}'")
        connection.execute("update facebook_page_connections set token_expires_at = %s", (expires_at,))
    assert world.one("select token_expires_at from facebook_page_connections") == (expires_at,)
