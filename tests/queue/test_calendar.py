"""A calendar shows the days of the LARP's own clock, and says when that clock changes."""

from __future__ import annotations

from datetime import date

import pytest

from socialpub.services.queue.calendar import Span, list_day, month_span, read_calendar, week_span
from tests.queue.conftest import force

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)


def plan(world, larp, *times: str, title: str = "Post") -> list:
    """Posts at these instants, written as UTC."""
    ids = []
    for at in times:
        ids.append(world.schedule(larp, due_in=3600, title=title))
        world.run("update social_scheduled_posts set publish_at = cast(%s as timestamptz) where id = %s", at, ids[-1])
    return ids


def day_of(calendar, day):
    [found] = [each for each in calendar.days if each.day == day]
    return found


def test_spans_are_whole_weeks():
    assert week_span(date(2027, 3, 28)) == Span(date(2027, 3, 22), date(2027, 3, 29))
    assert month_span(date(2027, 2, 14)) == Span(date(2027, 2, 1), date(2027, 3, 1))
    assert month_span(date(2027, 12, 31)) == Span(date(2027, 11, 29), date(2028, 1, 3))


def test_a_post_stands_on_the_day_that_its_larps_clock_shows(world, engine, larp):
    """23:30 UTC is the next day in Warsaw."""
    plan(world, larp, "2027-06-10 23:30+00")
    calendar = read_calendar(engine, larp, week_span(date(2027, 6, 11)), shown=5)
    assert calendar.zone == "Europe/Warsaw"
    [entry] = day_of(calendar, date(2027, 6, 11)).entries
    assert f"{entry.local:%H:%M}" == "01:30"
    assert day_of(calendar, date(2027, 6, 10)).total == 0


@pytest.mark.parametrize(
    ("day", "hours", "words"),
    [
        (SPRING, 23, "02:00 becomes 03:00"),
        (AUTUMN, 25, "03:00 becomes 02:00"),
        (date(2027, 3, 27), 24, ""),
    ],
)
def test_a_day_of_another_length_says_so(world, engine, larp, day, hours, words):
    plan(world, larp, f"{day} 21:30+00")
    found = day_of(read_calendar(engine, larp, week_span(day), shown=5), day)
    assert (found.hours, found.total) == (hours, 1)
    assert words in found.clock_change
    assert bool(found.clock_change) is bool(words)


def test_posts_of_one_page_close_together_are_a_conflict(world, engine, larp):
    close, near, far = plan(world, larp, "2027-06-10 10:00+00", "2027-06-10 10:09+00", "2027-06-10 10:19+00")
    day, _ = list_day(engine, larp, date(2027, 6, 10))
    assert {entry.line.id: entry.is_crowded for entry in day.entries} == {close: True, near: True, far: False}


def test_what_did_not_go_out_is_in_nobodys_way(world, engine, larp):
    lost, fine = plan(world, larp, "2027-06-10 10:00+00", "2027-06-10 10:01+00")
    force(world, lost, "failed")
    day, _ = list_day(engine, larp, date(2027, 6, 10))
    assert {entry.line.id: entry.is_crowded for entry in day.entries} == {lost: False, fine: False}


def test_a_full_day_shows_its_first_and_counts_the_rest(world, engine, larp):
    plan(world, larp, *[f"2027-06-10 10:{minute:02}+00" for minute in range(7)])
    found = day_of(read_calendar(engine, larp, month_span(date(2027, 6, 1)), shown=4), date(2027, 6, 10))
    assert (len(found.entries), found.total, found.counts) == (4, 7, {"pending": 7})
    assert [f"{entry.local:%M}" for entry in found.entries] == ["00", "01", "02", "03"]


def test_a_full_day_is_read_page_by_page(world, engine, larp, monkeypatch):
    monkeypatch.setattr("socialpub.services.queue.calendar.PAGE", 3)
    ids = plan(world, larp, *[f"2027-06-10 10:{minute // 2:02}+00" for minute in range(8)])
    seen, cursor = [], None
    while True:
        _, page = list_day(engine, larp, date(2027, 6, 10), cursor=cursor)
        seen += [line.id for line in page.lines]
        if (cursor := page.next_cursor) is None:
            break
    assert len(seen) == len(ids)
    assert set(seen) == set(ids)


def test_canceled_posts_and_those_of_others_are_not_shown(world, engine, larp):
    [gone] = plan(world, larp, "2027-06-10 10:00+00")
    force(world, gone, "canceled")
    plan(world, world.add_page("200000000000002", name="Inni"), "2027-06-10 10:00+00")
    day, page = list_day(engine, larp, date(2027, 6, 10))
    assert (day.total, page.lines) == (0, ())
    assert day_of(read_calendar(engine, larp, week_span(date(2027, 6, 10)), shown=5), date(2027, 6, 10)).entries == ()
