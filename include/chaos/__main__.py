"""`python -m chaos`: Prometheus watches a quiet hour and every trouble; then waves of posts at every step, and a blow;

then videos killed during each chunk. It prints and stores what became of them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from chaos.arena import Arena
from chaos.cells import Blow
from chaos.report import count_cells, print_table, print_uploads, print_watch, write_rows
from chaos.troubles import WatchRow, watch
from chaos.uploads import UploadRow, UploadWave, count_uploads
from chaos.waves import Trial, Wave
from local_stack.processes import turn_signals_into_interrupts
from local_stack.state import PROJECT, StackError

_COPIES = 3  # posts of each cell in a wave
_UPLOAD_COPIES = 5  # videos of each chunk and moment
_UPLOAD, _ALERTS = "upload", "alerts"


def main() -> int:
    """0 when all alerts were raised that should be and no other, no post was doubled, lost or wrongly ended, and every

    upload went on where it was; 1 otherwise.
    """
    turn_signals_into_interrupts()
    options = _parse()
    console = Console()
    trials: list[Trial] = []
    uploads: list[UploadRow] = []
    watched: list[WatchRow] = []
    try:
        with tempfile.TemporaryDirectory(prefix="socialpub-chaos-") as home, Arena(Path(home)) as arena:
            if options.blow is None or _ALERTS in options.blow:  # First, while nothing has happened that they look at.
                watched = watch(arena, Path(home))
                write_rows(watched, options.output)
            for wave in _ride(arena, options.rounds, _chosen(options.blow), console):
                trials += wave
                write_rows(
                    [*watched, *count_cells(trials)], options.output
                )  # What was measured outlives what comes after it.
            if options.blow is None or _UPLOAD in options.blow:
                uploads = list(count_uploads(UploadWave(arena, copies=_UPLOAD_COPIES).ride()))
                write_rows([*watched, *count_cells(trials), *uploads], options.output)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    if watched:
        print_watch(watched, console)
    rows = list(count_cells(trials))
    if rows:
        print_table(rows, console)
    if uploads:
        print_uploads(uploads, console)
    is_wrong = any(row.duplicates or row.lost or row.wrong_end for row in rows) or any(row.wrong for row in uploads)
    return 1 if is_wrong or not all(row.is_right for row in watched) else 0


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
