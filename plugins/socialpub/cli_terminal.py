"""What the verbs share: where they are added, and how long work shows itself in a terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Verbs = argparse._SubParsersAction  # noqa: SLF001 - argparse has no public name for it


@contextmanager
def show_progress(doing: str) -> Iterator[Callable[[int, int], None]]:
    """A bar in a terminal, told what is done of how much; elsewhere nothing, for the last line says it all."""
    from rich.progress import Progress

    with Progress(transient=True, disable=not sys.stdout.isatty()) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
