"""What a check of tokens came to, as a table for the log of its task."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from socialpub.models import TokenStatus


@dataclass(frozen=True, slots=True)
class CheckedPage:
    """One line. `status` None is no verdict: Facebook gave no usable answer, or another token came meanwhile."""

    page: str
    status: TokenStatus | None
    words: str = ""
    needs_person: bool = False


def summarise(pages: Sequence[CheckedPage]) -> str:
    """How many stand how: `248 valid, 1 lost, 1 without a verdict`."""
    counts = Counter("without a verdict" if page.status is None else page.status.value for page in pages)
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "nothing to check"


def render_table(pages: Sequence[CheckedPage]) -> str:
    """Every Page that there is something to say about, those that need a person first."""
    noteworthy = sorted((page for page in pages if page.words), key=lambda page: (not page.needs_person, page.page))
    width = max((len(page.page) for page in noteworthy), default=0)
    lines = [f"{_mark(page)} {page.page:<{width}}  {page.words}" for page in noteworthy]
    return "\n".join([summarise(pages), *lines])


def _mark(page: CheckedPage) -> str:
    status = "no verdict" if page.status is None else page.status.value
    return f"{'!' if page.needs_person else ' '} {status:<10}"
