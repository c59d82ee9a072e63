"""Who has an answer lets others leave first, but not for ever."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

from socialpub.services.departures import Departures, Landing


def test_nobody_waits_when_nobody_is_about_to_leave():
    """The post that is alone."""
    departures = Departures(timedelta(seconds=30))
    departures.announce()
    departures.leave()
    started = time.monotonic()
    departures.let_others_leave()
    assert time.monotonic() - started < 1


def test_an_answer_waits_until_the_last_has_left():
    """However many were announced meanwhile."""
    departures, told = Departures(timedelta(seconds=30)), []
    departures.announce()
    departures.announce()
    answered = threading.Thread(target=lambda: (departures.let_others_leave(), told.append("written down")))
    answered.start()
    for _ in range(2):
        time.sleep(0.05)
        assert not told
        departures.leave()
    answered.join(5)
    assert told


def test_an_answer_is_not_kept_in_memory_for_longer_than_its_patience():
    """A process that dies with it leaves an unconfirmed post."""
    departures = Departures(timedelta(seconds=0.05))
    departures.announce()
    started = time.monotonic()
    departures.let_others_leave()
    assert 0.04 < time.monotonic() - started < 2


def test_a_landing_keeps_the_instant_of_the_answer_not_of_its_reading():
    """What is published is as late as Facebook's answer, whatever waited afterwards."""
    came, read = datetime(2027, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, 0, 0, 2, tzinfo=UTC)
    departures, instants = Departures(timedelta(seconds=0.05)), iter([came, read])
    departures.announce()
    landing = Landing(departures, lambda: next(instants))
    landing.land()
    assert landing.at == came
