"""Work that waits for a database or for Facebook, off the event loop.

The API server's own threads serve Airflow's tasks too; a slow Facebook must not take them all.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import Request

_THREADS, _PATIENT_THREADS = 4, 2
_TURN_SECONDS = 0.0005

P = ParamSpec("P")
T = TypeVar("T")


def take_short_turns() -> None:
    """Let a thread that computes give way to those that wait after half a millisecond, not after Python's five.

    A request is a dozen short steps between the event loop, a thread and the database. While the loop reads what
    Airflow's tasks send, each step waits for a turn (`sys.setswitchinterval`). It holds for the whole process.
    """
    sys.setswitchinterval(_TURN_SECONDS)


async def in_thread(request: Request, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work`, run on one of this app's few threads."""
    return await anyio.to_thread.run_sync(
        partial(work, *args, **kwargs), limiter=_limiter(request, "threads", _THREADS)
    )


async def in_patient_thread(request: Request, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The same for what waits for other people's servers, so that nobody's screen waits with it."""
    limiter = _limiter(request, "patient_threads", _PATIENT_THREADS)
    return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=limiter)


def _limiter(request: Request, name: str, most: int) -> CapacityLimiter:
    """Made inside the loop that uses it."""
    state = request.app.state
    if not hasattr(state, name):
        setattr(state, name, CapacityLimiter(most))
    limiter: CapacityLimiter = getattr(state, name)
    return limiter
