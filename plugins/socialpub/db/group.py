"""Group commit: what several threads want done at the same moment is done for all of them in one transaction."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError

from socialpub.errors import SocialpubError

log = logging.getLogger(__name__)

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(slots=True)
class _Member(Generic[Key, Value]):
    key: Key
    value: Value
    is_over: bool = False
    is_done: bool = False


class Group(Generic[Key, Value]):
    """Threads that meet here while one of them works are served together by the next one. No thread of its own."""

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._waiting: list[_Member[Key, Value]] = []
        self._is_working = False

    def join(self, key: Key, value: Value, work: Callable[[Mapping[Key, Value]], Collection[Key]]) -> bool:
        """Whether `work`, called by this thread or another, did it for `key`.

        `work` gets everything that waits and returns the keys it has done. False means that the caller has to do its
        own by itself: `work` left it out, or met an error.
        """
        member = _Member(key, value)
        with self._turn:
            self._waiting.append(member)
            while self._is_working and not member.is_over:
                self._turn.wait()
            if member.is_over:
                return member.is_done
            members, self._waiting, self._is_working = self._waiting, [], True
        done: Collection[Key] = ()
        try:
            done = work({each.key: each.value for each in members})
        except (SocialpubError, DBAPIError) as error:
            log.warning("%d posts are done one by one, not together: %s", len(members), error)
        finally:
            self._end(members, done)
        return member.is_done

    def _end(self, members: list[_Member[Key, Value]], done: Collection[Key]) -> None:
        with self._turn:
            for member in members:
                member.is_over, member.is_done = True, member.key in done
            self._is_working = False
            self._turn.notify_all()
