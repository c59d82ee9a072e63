"""Work that waits for a database or for Facebook, off the event loop.

The API server's own threads serve Airflow's tasks too; a slow Facebook must not take them all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import Request

_THREADS = 4

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(request: Request, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The result of `work`, run on one of this app's few threads."""
    state = request.app.state
    if not hasattr(state, "threads"):  # Made inside the loop that uses it.
        state.threads = CapacityLimiter(_THREADS)
    return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=state.threads)
