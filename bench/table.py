"""`python -m bench.table FILE`: results as the table of docs/performance.md, so that nobody copies numbers by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from bench.figure import Line

_HEAD = "| figure | n | required | aim | measured | peer | ratio | met | others' CPU |\n" + "| --- " * 9 + "|"
_BARE = "aiohttp"


def render_table(lines: Iterable[Line]) -> str:
    """The aim of a burst is what a client reached in the same run that does nothing but send."""
    return "\n".join([_HEAD, *(_render_row(line) for line in lines)])


def _render_row(line: Line) -> str:
    cells = (
        f"`{line['figure']}`",
        str(line["n"]),
        line["required"] or "",
        _aim(line),
        _measured(line),
        f"{line['peer']}: {line['peer_figure']:g}" if "peer" in line else "",
        f"{line['ratio']:g}" if "ratio" in line else "",
        {True: "yes", False: "**no**", None: ""}[line.get("is_met")],
        f"{line['others_cpu']:.0%}" if "others_cpu" in line else "",
    )
    return f"| {' | '.join(cells)} |"


def _measured(line: Line) -> str:
    """p50 / p95 / max where they differ."""
    values = dict.fromkeys(line[name] for name in ("p50", "p95", "max"))
    return f"{' / '.join(f'{value:g}' for value in values)} {line['unit']}"


def _aim(line: Line) -> str:
    found = [peers[_BARE] for name, peers in line.items() if name.startswith("peers_") and _BARE in peers]
    return f"{found[0]:g} {line['unit']}" if found else ""


if __name__ == "__main__":
    print(render_table(json.loads(line) for line in Path(sys.argv[1]).read_text().splitlines()))
