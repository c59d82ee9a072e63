"""`python -m bench [FIGURE …]`: measure whether posts are on time, or what is named. JSON lines, kept in a file."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import psycopg

from bench.load import LoadMeter
from bench.peers.bare import PeerError
from bench.progress import open_progress
from bench.registry import ALL, FIGURES, ON_TIME
from bench.stage import BenchError, Stage
from local_stack.state import PROJECT, StackError

_TROUBLE = (
    BenchError, PeerError, StackError, OSError, ValueError, LookupError, psycopg.Error, subprocess.SubprocessError,
)  # fmt: skip

_WHICH = f"{ALL}, or names; without one {', '.join(ON_TIME)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when everything was measured, whether or not it is what is required; the lines say that."""
    options = read_arguments(arguments)
    if options.list:
        print("\n".join(FIGURES))
        return 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with open_progress() as report:
            stage = Stage(report, video_bytes=options.video_mib << 20)
            return measure(_choose(options.figures), options.output, stage)
    except KeyboardInterrupt:
        return 130


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Measure this project's figures on the real stack.")
    parser.add_argument("figures", nargs="*", type=_known_figure, metavar="FIGURE", help=_WHICH)
    parser.add_argument("--list", action="store_true", help="print the names of the figures")
    parser.add_argument("--video-mib", type=int, default=1024, help="how large the uploaded video is (default 1024)")
    parser.add_argument("--output", type=Path, default=PROJECT / "bench" / "results" / "latest.jsonl")
    return parser.parse_args(arguments)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """So that the stack is taken down, however the run is ended."""
    raise KeyboardInterrupt


def _choose(figures: Sequence[str]) -> Sequence[str]:
    return list(FIGURES) if ALL in figures else figures or ON_TIME


def _known_figure(name: str) -> str:
    if name not in FIGURES and name != ALL:
        raise argparse.ArgumentTypeError(f"there is no figure “{name}”; there are {', '.join(FIGURES)}")
    return name


def measure(names: Sequence[str], output: Path, stage: Stage) -> int:
    """A figure that breaks does not take the others with it; returns 1 then."""
    output.parent.mkdir(parents=True, exist_ok=True)
    broken = 0
    with output.open("w") as file, stage:
        for name in (known for known in FIGURES if known in names):
            began_at = time.monotonic()
            load = LoadMeter(lambda: stage.stack.home.postgres if stage.is_running else None)
            try:
                for line in FIGURES[name](stage):
                    text = json.dumps(load.read() | line)  # A figure with a server of its own knows better.
                    print(text, flush=True)
                    print(text, file=file, flush=True)
            except _TROUBLE as error:
                broken += 1
                stage.report(f"{name} was not measured: {type(error).__name__}: {error}")
            stage.report(f"{name} took {time.monotonic() - began_at:.0f} s")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
