"""What a digest says, before it has a form. All texts in it may come from users and are hostile until rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from socialpub.services.notices.links import Link


@dataclass(frozen=True, slots=True)
class ComingPost:
    """What a check of a post gets to know."""

    id: UUID
    draft_id: UUID
    connection_id: UUID
    publish_at: datetime
    link: str | None
    has_files_to_check: bool = False
    """Whether it has files that Facebook does not have yet."""


PostCheck = Callable[[ComingPost], Iterable[str]]
"""Looks at a post of the next day and says what would go wrong: media, link. May take seconds; several threads ask."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person."""

    words: str
    next_step: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class DigestPost:
    title: str
    page: str
    when: str
    """With its zone."""
    state: str
    findings: tuple[str, ...] = ()
    thumbnail_url: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Outlook:
    """How many posts a Page has on a day."""

    day: str
    page: str
    posts: int


@dataclass(frozen=True, slots=True)
class Digest:
    larp: str
    day: str
    zone: str
    needs: tuple[Need, ...]
    notes: tuple[str, ...]
    """About all posts: a clock change, a Page without its token."""
    coming: tuple[DigestPost, ...]
    coming_more: int
    """How many posts of the next day are not listed."""
    week: tuple[Outlook, ...]
    results: tuple[DigestPost, ...]
    results_more: int
    totals: str
    """Yesterday's counts and lateness in one line; "" when nothing happened."""

    @property
    def is_empty(self) -> bool:
        return not (self.needs or self.notes or self.coming or self.week or self.results)

    @property
    def headline(self) -> str:
        if self.needs:
            return f"{_count(len(self.needs), 'matter')} for you, {self.day}"
        if self.coming:
            return f"{_count(len(self.coming) + self.coming_more, 'post')} in the next 24 hours, {self.day}"
        return f"No post in the next 24 hours, {self.day}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
