"""What a clock shows, and the instant that is meant: gaps, double hours, odd zones."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from socialpub.errors import IllegalMoveError, LocalTimeError
from socialpub.services.drafts.desk import Caller
from socialpub.services.drafts.local_time import plan_instant, plan_time, say_offset
from socialpub.services.drafts.schedule import When, schedule_draft


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("at", "zone", "utc"),
    [
        ("2031-07-01 14:05", "Europe/Warsaw", "2031-07-01 12:05"),
        ("2031-12-01 14:05", "Europe/Warsaw", "2031-12-01 13:05"),
        ("2027-03-28 01:59", "Europe/Warsaw", "2027-03-28 00:59"),
        ("2027-03-28 03:00", "Europe/Warsaw", "2027-03-28 01:00"),
        ("2031-07-01 00:00", "Asia/Kathmandu", "2031-06-30 18:15"),
        ("2031-07-01 12:00", "Pacific/Kiritimati", "2031-06-30 22:00"),
        ("2031-07-01 12:00", "UTC", "2031-07-01 12:00"),
    ],
)
def test_a_plain_time_is_one_instant(at, zone, utc):
    """In summer and winter, at both rims of a gap, in zones with odd offsets."""
    planned = plan_time(wall(at), zone)
    assert planned.publish_at == wall(utc).replace(tzinfo=UTC)
    assert plan_instant(planned.publish_at, zone) == planned


@pytest.mark.parametrize(
    ("at", "zone", "choices"),
    [
        ("2027-03-28 02:30", "Europe/Warsaw", ("2027-03-28T01:59", "2027-03-28T03:00")),
        ("2027-03-28 02:00", "Europe/Warsaw", ("2027-03-28T01:59", "2027-03-28T03:00")),
        ("2027-03-14 02:59", "America/New_York", ("2027-03-14T01:59", "2027-03-14T03:00")),
        ("2027-10-03 02:15", "Australia/Lord_Howe", ("2027-10-03T01:59", "2027-10-03T02:30")),
        ("2011-12-30 12:00", "Pacific/Apia", ("2011-12-29T23:59", "2011-12-31T00:00")),
    ],
)
def test_a_time_that_is_skipped_is_refused_with_its_neighbours(at, zone, choices):
    """Each neighbour is a time that exists."""
    with pytest.raises(LocalTimeError, match="does not exist") as refusal:
        plan_time(wall(at), zone)
    assert refusal.value.choices == choices
    assert [plan_time(wall(choice), zone).time_zone for choice in choices] == [zone, zone]


@pytest.mark.parametrize(
    ("at", "zone", "choices"),
    [
        ("2027-10-31 02:30", "Europe/Warsaw", ("+02:00", "+01:00")),
        ("2027-10-31 02:00", "Europe/Warsaw", ("+02:00", "+01:00")),
        ("2027-11-07 01:30", "America/New_York", ("-04:00", "-05:00")),
        ("2027-04-04 01:45", "Australia/Lord_Howe", ("+11:00", "+10:30")),
    ],
)
def test_a_time_that_comes_twice_asks_which(at, zone, choices):
    """Either offset makes it one instant, the two as far apart as the offsets; another offset is refused."""
    with pytest.raises(LocalTimeError, match="comes twice") as question:
        plan_time(wall(at), zone)
    assert question.value.choices == choices
    offsets = [datetime.strptime(choice, "%z").utcoffset() for choice in choices]
    first, second = (plan_time(wall(at), zone, offset=offset) for offset in offsets)
    assert second.publish_at - first.publish_at == offsets[0] - offsets[1]
    assert [say_offset(offset) for offset in offsets] == list(choices)
    with pytest.raises(LocalTimeError, match="is not at"):
        plan_time(wall(at), zone, offset=timedelta(hours=7))


@pytest.mark.parametrize("zone", ["Europe/Warsawa", "", "../etc/passwd", "CET+1", "/etc/localtime"])
def test_an_unknown_zone_is_refused(zone):
    """With an example of one that is known."""
    with pytest.raises(LocalTimeError, match="no time zone") as refusal:
        plan_time(wall("2031-07-01 12:00"), zone)
    assert "Europe/Warsaw" in refusal.value.next_step


def test_both_are_stored_and_follow_each_other(office):
    """The LARP's zone is the default; by SQL either may be changed, and the other follows."""
    draft = office.pending()
    office.approve(draft, "ola")
    late = wall("2031-10-26 02:30")
    with pytest.raises(LocalTimeError, match="comes twice"):
        schedule_draft(office.engine, office.larp, draft, When(late), Caller("anna"))
    schedule_draft(office.engine, office.larp, draft, When(late, offset=timedelta(hours=1)), Caller("anna"))
    row = "select wall_time, time_zone, publish_at from social_scheduled_posts"
    assert office.world.one(row) == (late, "Europe/Warsaw", datetime(2031, 10, 26, 1, 30, tzinfo=UTC))
    office.edit("update social_scheduled_posts set publish_at = '2031-07-01 10:00Z'")
    assert office.world.one(row)[:2] == (wall("2031-07-01 12:00"), "Europe/Warsaw")
    office.edit("update social_scheduled_posts set wall_time = '2031-07-01 13:00', time_zone = 'Europe/London'")
    assert office.world.one(row)[2] == datetime(2031, 7, 1, 12, tzinfo=UTC)
    assert office.world.one("select scheduled_at from social_drafts") == (datetime(2031, 7, 1, 12, tzinfo=UTC),)


def test_an_instant_is_taken_as_it_is(office):
    """Its wall time is the LARP's, or the given zone's."""
    draft = office.pending()
    office.approve(draft, "ola")
    at = datetime(2031, 7, 1, 12, tzinfo=UTC)
    shown = schedule_draft(office.engine, office.larp, draft, When(at, "America/New_York"), Caller("anna"))
    assert (shown.schedules[0].wall_time, shown.schedules[0].publish_at) == (wall("2031-07-01 08:00"), at)


def test_what_is_past_is_not_scheduled(office):
    """A typing error in the year is no wish to publish at once."""
    draft = office.pending()
    office.approve(draft, "ola")
    with pytest.raises(IllegalMoveError, match="is past"):
        schedule_draft(office.engine, office.larp, draft, When(wall("2021-07-01 12:00")), Caller("anna"))


def test_by_sql_a_wall_time_and_its_zone_are_enough(office):
    """The database finds the instant; a skipped time and one that contradicts the instant are refused."""
    draft = office.pending()
    office.approve(draft, "ola")
    insert = "insert into social_scheduled_posts (draft_id, publish_at, wall_time, time_zone) values (%s, %s, %s, %s)"
    for publish_at, at in ((None, "2031-03-30 02:30"), ("2031-07-01 12:00Z", "2031-07-01 12:00")):
        with pytest.raises(psycopg.Error, match="publish_at_shows_the_wall_time_in_its_zone"):
            office.edit(insert, draft, publish_at, at, "Europe/Warsaw")
    office.edit(insert, draft, None, "2031-07-01 14:00", "Europe/Warsaw")
    assert office.world.one("select publish_at from social_scheduled_posts") == (datetime(2031, 7, 1, 12, tzinfo=UTC),)
