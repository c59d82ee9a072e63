"""How much of the machine others used meanwhile: a figure from a busy machine says little."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.accounting import own_trees, read_cpu_seconds, read_machine_seconds


class LoadMeter:
    """Counts from its making. What is started later counts from nothing, so the stack need not run yet.

    `find_data_dir` tells where our PostgreSQL server has its data, or None while there is no server.
    """

    def __init__(self, find_data_dir: Callable[[], Path | None]) -> None:
        self._find_data_dir = find_data_dir
        self._before = self._read_now()

    def read(self) -> dict[str, Any]:
        """`others_cpu`: the share of all cores that went to processes which are not of this run."""
        machine, own, passed = (now - before for now, before in zip(self._read_now(), self._before, strict=True))
        return {"others_cpu": round(max(0.0, machine - own) / passed / (os.cpu_count() or 1), 3)}

    def _read_now(self) -> tuple[float, float, float]:
        return read_machine_seconds(), read_cpu_seconds(own_trees(self._find_data_dir())), time.monotonic()
