"""What a message says, before it has a form. All texts in it may come from users and are hostile until rendered."""

from __future__ import annotations

from dataclasses import dataclass, field

from socialpub.services.notices.links import Link
from socialpub.services.notices.wording import Tone


@dataclass(frozen=True, slots=True)
class NoticeItem:
    """One event. Empty texts are left out of the message."""

    title: str
    page: str = ""
    when: str = ""
    """With its zone."""
    cause: str = ""
    codes: str = ""
    """code, subcode and fbtrace_id, for a search or for Meta."""
    next_step: str = ""
    remark: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Notice:
    headline: str
    tone: Tone
    larp: str
    items: tuple[NoticeItem, ...]
    next_step: str = ""
    """Of all items; an item's own stands with it."""
    is_repeated: bool = False
    """The answer to an earlier sending was lost, so this may be the second copy."""


@dataclass(frozen=True, slots=True)
class Message:
    """Ready to send."""

    id: str
    """The same for every try, so that mail programs show a second copy only once."""
    recipient: str
    subject: str
    text: str
    html: str
    blocks: list[dict[str, object]] = field(default_factory=list)
