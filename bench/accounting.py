"""What processes cost: CPU time and memory, of whole trees."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from local_stack.stack import Stack

AIRFLOW = ("api-server", "scheduler", "dag-processor", "triggerer")


def stack_trees(stack: Stack) -> dict[str, list[psutil.Process]]:
    """Part of the stack → its processes. The sandbox and the inbox stand for others, so they are not in here."""
    pids = {name: stack.component(name).pid for name in AIRFLOW} | {"postgres": _postmaster(stack.home.postgres)}
    return {name: _tree(pid) for name, pid in pids.items() if pid}


def read_cpu_seconds(trees: Iterable[Iterable[psutil.Process]]) -> float:
    """CPU time since each process started, with that of children that have ended: those went to their parent's sum."""
    total = 0.0
    for process in _alive(trees):
        times = process.cpu_times()
        total += times.user + times.system + times.children_user + times.children_system
    return total


def read_pss_bytes(processes: Iterable[psutil.Process]) -> int:
    """Proportional set size: memory that several processes share is counted once over all of them."""
    return sum(_read_pss(process.pid) for process in _alive([processes]))


def read_machine_seconds() -> float:
    """CPU time that all processes of the machine have used since it started."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


def own_trees(data_dir: Path | None) -> list[list[psutil.Process]]:
    """This process and everything under it, the sandbox and the peers included, and the PostgreSQL server in there."""
    return [_tree(psutil.Process().pid), *([_tree(_postmaster(data_dir))] if data_dir else [])]


def _postmaster(data_dir: Path) -> int:
    # The server is nobody's child: it is made to outlive its starter.
    return int((data_dir / "postmaster.pid").read_text().splitlines()[0])


def _tree(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    return []


def _alive(trees: Iterable[Iterable[psutil.Process]]) -> Iterator[psutil.Process]:
    for tree in trees:
        for process in tree:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.cpu_times()
                yield process


def _read_pss(pid: int) -> int:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
