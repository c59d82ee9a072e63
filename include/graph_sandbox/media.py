"""What Pages show besides text: photos and the files behind them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class StoredFile:
    """The content of an upload: its type by content, its size and checksum, and where it lies unless it was too big."""

    media_type: str
    size: int
    sha256: str
    path: Path | None


@dataclass(slots=True)
class Photo:
    """A photo of a Page. It is used once `post_id` names the post that shows it, or shall show it."""

    id: str
    page_id: str
    app_id: str
    file: StoredFile
    caption: str | None
    alt_text: str | None
    is_temporary: bool
    uploaded_at: float
    post_id: str | None = None
