"""Group commit: who meets is served together, and what can't be done together is left to each by itself."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from socialpub.db.group import Group
from socialpub.errors import DatabaseUnavailableError


def test_who_waits_while_one_works_is_served_together():
    """Fifty threads need a few transactions, not fifty, and each hears of its own."""
    group: Group[int, str] = Group()
    batches: list[list[int]] = []

    def work(values):
        batches.append(sorted(values))
        time.sleep(0.05)
        return [key for key, value in values.items() if value == f"value {key}"]

    with ThreadPoolExecutor(50) as pool:
        done = list(pool.map(lambda number: group.join(number, f"value {number}", work), range(50)))
    assert all(done)
    assert sorted(number for batch in batches for number in batch) == list(range(50))
    assert len(batches) <= 5


def test_what_the_work_leaves_out_is_left_to_its_thread():
    """Such as a post that somebody else is changing."""
    group: Group[int, None] = Group()
    with ThreadPoolExecutor(10) as pool:
        done = list(pool.map(lambda n: group.join(n, None, lambda values: [v for v in values if v % 2]), range(10)))
    assert done == [n % 2 == 1 for n in range(10)]


def test_a_failure_of_the_whole_is_nobody_s_loss():
    """Everyone is told to do its own, and the next ones meet anew."""
    group: Group[int, None] = Group()
    gate = threading.Event()

    def fail(values):
        gate.wait(5)
        raise DatabaseUnavailableError("gone")

    with ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(group.join, number, None, fail) for number in range(8)]
        gate.set()
        assert [future.result(timeout=5) for future in waiting] == [False] * 8
    assert group.join(9, None, list)


def test_a_defect_in_the_work_is_seen_and_leaves_nobody_waiting():
    """The thread that worked raises it; the others do their own."""
    group: Group[int, None] = Group()

    def break_down(values):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        group.join(1, None, break_down)
    assert group.join(2, None, list)
