"""Posts of one second leave before the first answer is read."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta


class Departures:
    """Counts a lane's posts that are about to leave, so that what can wait does.

    An answer costs as much as a request: to understand, to save, to log. In a burst the first answers arrive while most
    requests still wait for a processor. Whoever has an answer lets those leave first, for `patience` at most.
    """

    def __init__(self, patience: timedelta = timedelta(seconds=2)) -> None:
        self._patience = patience.total_seconds()
        self._lock = threading.Lock()
        self._waiting = 0
        self._all_left = threading.Event()
        self._all_left.set()

    def announce(self) -> None:
        """A post has passed its fence and waits for its second."""
        with self._lock:
            self._waiting += 1
            self._all_left.clear()

    def leave(self) -> None:
        """An announced post leaves now, or will not leave at all."""
        with self._lock:
            self._waiting -= 1
            if not self._waiting:
                self._all_left.set()

    def let_others_leave(self) -> None:
        """Wait until every announced post has left, or for as long as an answer may be kept in memory alone."""
        self._all_left.wait(self._patience)


class Landing:
    """A post's answer: `at` is when it came, before the wait for others."""

    def __init__(self, departures: Departures, now: Callable[[], datetime]) -> None:
        self._departures = departures
        self._now = now
        self.at: datetime | None = None

    def land(self) -> None:
        """The answer is here, unread."""
        self.at = self._now()
        self._departures.let_others_leave()
