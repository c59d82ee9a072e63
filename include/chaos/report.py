"""The trials, counted: one row a cell."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

from chaos.troubles import WatchRow
from chaos.uploads import UploadRow
from chaos.waves import Trial


@dataclass(frozen=True, slots=True)
class Row:
    """One cell: a blow at a step, with one answer of Facebook's. Seconds are from the blow to the final state."""

    blow: str
    step: str
    answer: str
    trials: int
    beside_the_step: int
    """Trials whose post was not at its step when the blow fell; judged like the others, but not counted as trials."""
    duplicates: int
    lost: int
    wrong_end: int
    settled_p50_s: float
    settled_max_s: float


def count_cells(trials: Iterable[Trial]) -> Iterator[Row]:
    def cell(trial: Trial) -> tuple[str, str, str]:
        return trial.blow.name.lower(), trial.step.value, trial.answer.name

    for key, group in groupby(sorted(trials, key=cell), key=cell):
        yield _count(key, list(group))


def _count(key: tuple[str, str, str], trials: Sequence[Trial]) -> Row:
    seconds = [trial.settled_seconds for trial in trials]
    hits = sum(trial.is_at_step for trial in trials)
    return Row(
        *key,
        trials=hits,
        beside_the_step=len(trials) - hits,
        duplicates=sum(trial.is_duplicate for trial in trials),
        lost=sum(trial.is_lost for trial in trials),
        wrong_end=sum(trial.has_wrong_end for trial in trials),
        settled_p50_s=round(statistics.median(seconds), 1),
        settled_max_s=round(max(seconds), 1),
    )


def print_table(rows: Sequence[Row], console: Console) -> None:
    table = Table("blow", "step", "answer", "trials", "beside", "duplicates", "lost", "wrong end", "settled p50", "max")
    for row in rows:
        table.add_row(*(str(value) for value in asdict(row).values()))
    console.print(table)
    totals = {name: sum(getattr(row, name) for row in rows) for name in ("trials", "duplicates", "lost", "wrong_end")}
    console.print(
        f"{totals['trials']} trials: {totals['duplicates']} duplicates, {totals['lost']} lost,"
        f" {totals['wrong_end']} with a wrong end."
    )


def print_uploads(rows: Sequence[UploadRow], console: Console) -> None:
    table = Table("blow", "chunk", "killed", "trials", "beside", "wrong", "most bytes sent twice", "videos")
    for row in rows:
        table.add_row(*(str(value) for value in asdict(row).values()))
    console.print(table)
    trials, wrong = sum(row.trials for row in rows), sum(row.wrong for row in rows)
    console.print(f"{trials} uploads killed: {wrong} did not go on from the saved offset to one video on the Page.")


def print_watch(rows: Sequence[WatchRow], console: Console) -> None:
    table = Table("trouble", "alerts that it should raise", "alerts that it raised", "s", "scrapes", "failed")
    for row in rows:
        table.add_row(
            row.trouble, ", ".join(row.expected), ", ".join(row.raised), f"{row.seconds:.0f}",
            str(row.scrapes), str(row.failed_scrapes),
        )  # fmt: skip
    console.print(table)
    right = sum(row.is_right for row in rows)
    console.print(f"{right} of {len(rows)} troubles raised exactly the alerts that they should.")


def write_rows(rows: Iterable[Row | UploadRow | WatchRow], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(row)) + "\n" for row in rows))
