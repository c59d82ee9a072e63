"""How a post will look on the Page: what is seen at once, and how its photos lie."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from socialpub.console.written import ShownAsset, Written

# Facebook does not say where it folds a text. Seen in 2026: behind about this much, at the end of a word.
_FOLD_CHARACTERS, _FOLD_LINES = 480, 5
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Preview:
    """`rest` is what "See more" opens. `hidden_photos` are those behind the "+3" on the last one."""

    page_name: str
    start: str
    rest: str
    link: str
    link_host: str
    photos: tuple[ShownAsset, ...]
    hidden_photos: int
    video: ShownAsset | None
    first_comment: str
    is_empty: bool


def draw_preview(written: Written, page_name: str) -> Preview:
    """A link beside photos is shown by none of them; `submit` says so."""
    body = written.body.strip("\n ")
    start, rest = _fold(body)
    photos = tuple(asset for asset in written.assets if asset.type == "photo")
    video = next((asset for asset in written.assets if asset.type == "video"), None)
    link = "" if written.assets else written.link
    return Preview(
        page_name, start, rest, link, _host_of(link), photos[:_MOST_SHOWN], max(0, len(photos) - _MOST_SHOWN),
        video, written.first_comment, not (body or link or written.assets),
    )  # fmt: skip


def _fold(text: str) -> tuple[str, str]:
    lines = text.split("\n")
    cut = len("\n".join(lines[:_FOLD_LINES]))
    if cut > _FOLD_CHARACTERS:
        space = text.rfind(" ", _FOLD_CHARACTERS // 2, _FOLD_CHARACTERS)
        cut = space if space > 0 else _FOLD_CHARACTERS
    return text[:cut], text[cut:]


def _host_of(link: str) -> str:
    try:
        return urlsplit(link).hostname or ""
    except ValueError:
        return ""
