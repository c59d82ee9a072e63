"""Where the run stands, on stderr: stdout is for the figures alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

Report = Callable[[str], None]


@contextmanager
def open_progress() -> Iterator[Report]:
    """A spinner with the step on a terminal, plain lines elsewhere."""
    console, started = Console(stderr=True), time.monotonic()
    if console.is_terminal:
        with console.status("Starting") as status:
            yield lambda step: status.update(f"{time.monotonic() - started:5.0f} s  {step}")
    else:
        yield lambda step: print(f"[{time.monotonic() - started:6.1f} s] {step}", file=console.file, flush=True)
