"""`python -m chaos`: Prometheus watches a quiet hour and every trouble; then waves of posts at every step, and a blow;

then videos killed during each chunk. It prints and stores what became of them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from chaos.arena import Arena
from chaos.cells import Blow
from chaos.report import Row, count_cells, print_table, print_uploads, print_watch, write_rows
from chaos.troubles import WatchRow, watch
from chaos.uploads import UploadRow, UploadWave, count_uploads
from chaos.waves import Trial, Wave
from local_stack.processes import turn_signals_into_interrupts
from local_stack.state import PROJECT, StackError

_COPIES = 3  # posts of each cell in a wave
_UPLOAD_COPIES = 5  # videos of each chunk and moment
_UPLOAD, _ALERTS = "upload", "alerts"


@dataclass(slots=True)
class Found:
    """What became of everything so far."""

    watched: list[WatchRow] = field(default_factory=list)
    trials: list[Trial] = field(default_factory=list)
    uploads: list[UploadRow] = field(default_factory=list)

    @property
    def cells(self) -> list[Row]:
        return list(count_cells(self.trials))

    @property
    def is_right(self) -> bool:
        cells_are = not any(row.duplicates or row.lost or row.wrong_end for row in self.cells)
        return cells_are and not any(row.wrong for row in self.uploads) and all(row.is_right for row in self.watched)

    def show(self, console: Console) -> None:
        if self.watched:
            print_watch(self.watched, console)
        if self.trials:
            print_table(self.cells, console)
        if self.uploads:
            print_uploads(self.uploads, console)


def main() -> int:
    """0 when all alerts were raised that should be and no other, no post was doubled, lost or wrongly ended, and every

    upload went on where it was; 1 otherwise.
    """
    turn_signals_into_interrupts()
    options, console, found = _parse(), Console(), Found()
    try:
        with tempfile.TemporaryDirectory(prefix="socialpub-chaos-") as home, Arena(Path(home)) as arena:
            for _ in _go_through(arena, Path(home), options, console, found):
                # What was measured outlives what comes after it.
                write_rows([*found.watched, *found.cells, *found.uploads], options.output)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    found.show(console)
    return 0 if found.is_right else 1


def _go_through(
    arena: Arena, home: Path, options: argparse.Namespace, console: Console, found: Found
) -> Iterator[None]:
    """Step by step. The alerts first, while nothing has happened yet that they look back at."""
    if options.blow is None or _ALERTS in options.blow:
        found.watched = watch(arena, home / "prometheus")
        yield
    for wave in _ride(arena, options.rounds, _chosen(options.blow), console):
        found.trials += wave
        yield
    if options.blow is None or _UPLOAD in options.blow:
        found.uploads = list(count_uploads(UploadWave(arena, copies=_UPLOAD_COPIES).ride()))
        yield


def _ride(arena: Arena, rounds: int, blows: list[Blow], console: Console) -> Iterator[list[Trial]]:
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("waves", total=rounds * len(blows))
        for number in range(1, rounds + 1):
            for blow in blows:
                wave = Wave(arena, blow, copies=_COPIES).ride()
                progress.advance(task)
                if not console.is_terminal:
                    print(_line(number, wave), flush=True)
                yield wave


def _line(number: int, wave: list[Trial]) -> str:
    at_step = sum(trial.is_at_step for trial in wave)
    missed = [f"{t.step}/{t.answer.name}" for t in wave if not t.is_at_step]
    bad = [f"{t.step}/{t.answer.name}: {t.status}, live {t.live}" for t in wave if t.is_lost or t.has_wrong_end]
    doubled = [trial.body for trial in wave if trial.is_duplicate]
    settled = max(trial.settled_seconds for trial in wave)
    return (
        f"round {number}, {wave[0].blow}: {at_step} of {len(wave)} at their step (not {missed}),"
        f" settled in {settled:.0f} s, doubled {doubled}, not right {bad}"
    )


def _chosen(names: list[str] | None) -> list[Blow]:
    return [blow for blow in Blow if names is None or blow.name.lower() in names]


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="waves a blow (default 1: 630 trials in all)")
    names = [*(blow.name.lower() for blow in Blow), _UPLOAD, _ALERTS]
    parser.add_argument("--blow", action="append", choices=names, help="only this one; repeatable")
    parser.add_argument("--output", type=Path, default=PROJECT / ".socialpub" / "chaos.jsonl")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
