"""Who hears of what, and when: the most specific routes, quiet hours over midnight and over a changed clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from uuid import uuid4

import psycopg
import pytest

from socialpub.models import NotificationRoute
from socialpub.services.notices.route_events import Grouping
from socialpub.services.notices.routes import choose_routes, find_quiet_end

LARP, OTHER = uuid4(), uuid4()


def route(recipient: str, *, larp=None, event: str = "*", channel: str = "email") -> NotificationRoute:
    return NotificationRoute(larp_id=larp, event=event, channel=channel, recipient=recipient)


ROUTES = [
    route("all"),
    route("all failures", event="failed"),
    route("the larp", larp=LARP),
    route("its failures", larp=LARP, event="failed"),
    route("", larp=LARP, event="published", channel="off"),
    route("also published", larp=LARP, event="published", channel="slack"),
]


@pytest.mark.parametrize(
    ("larp", "event", "recipients"),
    [
        (LARP, "failed", ["its failures"]),
        (LARP, "missed", ["the larp"]),
        (LARP, "published", ["also published"]),
        (OTHER, "failed", ["all failures"]),
        (OTHER, "missed", ["all"]),
        (None, "stack_unhealthy", ["all"]),
    ],
)
def test_the_most_specific_routes_win(larp, event, recipients):
    """LARP and event, LARP, event, everything; off silences the less specific ones only."""
    assert [found.recipient for found in choose_routes(ROUTES, larp, event)] == recipients


def test_off_alone_means_that_nobody_hears():
    """Although a less specific route would say it."""
    assert choose_routes([route("all"), route("", event="published", channel="off")], LARP, "published") == []


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-06-01T20:30", "2026-06-02T05:00"),  # 22:30 in Warsaw, in the evening
        ("2026-06-02T04:59", "2026-06-02T05:00"),
        ("2026-06-02T05:00", None),
        ("2026-06-01T19:59", None),
        ("2026-03-28T22:00", "2026-03-29T05:00"),  # the short night
        ("2026-10-24T21:00", "2026-10-25T06:00"),  # the long one
    ],
)
def test_quiet_hours_end_at_the_local_hour(now, end):
    """22:00 to 07:00 in Europe/Warsaw, whatever the night's length."""
    quiet = NotificationRoute(channel="email", quiet_from=time(22), quiet_until=time(7))
    found = find_quiet_end(quiet, "Europe/Warsaw", datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found == (datetime.fromisoformat(end).replace(tzinfo=UTC) if end else None)


def test_a_route_may_have_quiet_hours_of_its_own_zone():
    """As a person who lives elsewhere."""
    quiet = NotificationRoute(channel="email", quiet_from=time(1), quiet_until=time(6), time_zone="Asia/Kolkata")
    assert find_quiet_end(quiet, "Europe/Warsaw", datetime(2026, 6, 1, 0, 0, tzinfo=UTC)) == datetime(
        2026, 6, 1, 0, 30, tzinfo=UTC
    )


def test_what_happens_in_quiet_hours_comes_as_one_list_afterwards(mailroom):
    """Nothing is sent at night, and nothing is lost."""
    mailroom.route(event="SocialDraftApprovedEvent", quiet_from="00:00", quiet_until="23:59:59.999999")
    larp = mailroom.world.add_page()
    for number in range(3):
        mailroom.world.add_draft(larp, title=f"T{number}", body=f"{number}")
        assert mailroom.run().sent == 0
    assert len(mailroom.messages()) == 1
    mailroom.world.run("update social_notifications set next_attempt_at = now()")
    assert mailroom.run().sent == 1
    assert mailroom.inbox.box.mails[0].message["Subject"].startswith("3 drafts are approved")


def test_what_waits_for_its_pace_does_not_leave_in_quiet_hours_that_begin_meanwhile(mailroom):
    """The first message is a minute before them, and the second would be four minutes after their beginning."""
    [begins, ends] = mailroom.world.one(
        "select (utc + interval '1 minute')::time, (utc + interval '2 hours')::time"
        " from (values (now() at time zone 'UTC')) as clock (utc)"
    )
    mailroom.route(event="SocialPublishFailedEvent", quiet_from=begins, quiet_until=ends, time_zone="UTC")
    mailroom.grouping = Grouping(pace=timedelta(minutes=5))
    larp = mailroom.world.add_page()
    for title in ("First", "Second"):
        mailroom.become(mailroom.world.schedule(larp, body=title, title=title), "failed")
        mailroom.run()
    times = "select array_agg(next_attempt_at - now() > interval '100 minutes' order by created_at)"
    assert mailroom.world.one(f"{times} from social_notifications") == ([False, True],)


def test_events_that_nobody_wants_are_settled_without_a_message(mailroom):
    """And cost nothing afterwards."""
    mailroom.world.add_draft(mailroom.world.add_page())
    assert mailroom.run().sent == 0
    assert mailroom.world.one("select count(*) from social_outbox where delivered_at is null") == (0,)


@pytest.mark.parametrize(
    "columns",
    [
        {"channel": "pigeon", "recipient": "x"},
        {"channel": "email", "recipient": "nobody"},
        {"channel": "email", "recipient": "a@b.c\nBcc: d@e.f"},
        {"channel": "email", "recipient": "a@b.c,d@e.f"},
        {"channel": "slack", "recipient": "#two words"},
        {"channel": "slack", "recipient": "", "quiet_from": "22:00"},
        {"channel": "slack", "recipient": "", "time_zone": "Mars/Olympus"},
    ],
)
def test_a_wrong_route_is_refused_when_it_is_written(mailroom, columns):
    """By the schema, for every writer."""
    with pytest.raises((psycopg.errors.CheckViolation, psycopg.errors.InvalidParameterValue)):
        mailroom.route(**columns)


def test_an_event_is_written_with_its_change_or_not_at_all(mailroom):
    """A rolled-back change leaves no event; a committed one exactly one."""
    larp = mailroom.world.add_page()
    with mailroom.world.connect() as connection:
        with pytest.raises(RuntimeError), connection.transaction():
            connection.execute("update facebook_page_connections set rate_limited_until = now() + interval '1 hour'")
            raise RuntimeError
        assert connection.execute("select count(*) from social_outbox").fetchone() == (0,)
        connection.execute(
            "update facebook_page_connections set rate_limited_until = now() + interval '1 hour' where larp_id = %s",
            (larp,),
        )
        assert connection.execute("select event from social_outbox").fetchall() == [("page_rate_limited",)]
