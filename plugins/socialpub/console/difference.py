"""Two texts word by word: what stayed, what went, what came."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

Kind = Literal["same", "gone", "new"]
# A word takes the spaces behind it along. Each pattern takes in every character of a text.
_WORDS = re.compile(r"\s+|\w+\s*|[^\w\s]\s*")
_LINES, _ALL = re.compile(r"[^\n]*\n|[^\n]+"), re.compile(r"(?s).+")
# Where words repeat, comparing takes the cube of their number; this much takes a second. What is more is compared by
# lines, and what is more still as a whole.
_MOST_COMPARISONS = 100_000


@dataclass(frozen=True, slots=True)
class Piece:
    kind: Kind
    text: str


def compare(before: str, after: str) -> list[Piece]:
    """What leads from one to the other, in reading order."""
    for pattern in (_WORDS, _LINES, _ALL):
        old, new = pattern.findall(before), pattern.findall(after)
        head = _common(old, new)
        tail = _common(old[head:][::-1], new[head:][::-1])
        old_middle, new_middle = old[head : len(old) - tail], new[head : len(new) - tail]
        if len(old_middle) * len(new_middle) <= _MOST_COMPARISONS:
            break
    pieces = [
        Piece("same", "".join(old[:head])),
        *_compare_middle(old_middle, new_middle),
        Piece("same", "".join(old[len(old) - tail :])),
    ]
    return [piece for piece in pieces if piece.text]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many words both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))


def _compare_middle(old: Sequence[str], new: Sequence[str]) -> Iterator[Piece]:
    for tag, old_from, old_to, new_from, new_to in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("same", "".join(old[old_from:old_to]))
        else:
            yield from (Piece("gone", "".join(old[old_from:old_to])), Piece("new", "".join(new[new_from:new_to])))
