"""Links in messages: sealed, so that nobody makes one up, and useless after their time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from socialpub.models.seal import Sealer

PURPOSE = "notification links"


class Target(StrEnum):
    DRAFT = "draft"
    LIVE_POST = "live"
    AIRFLOW_RUN = "run"
    PICTURE = "picture"
    """Of an asset: a mail shows it, nobody clicks on it."""


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class LinkMaker:
    """`base_url` is where `api/notice_links.py` is mounted. A link names a row, never an address: no open redirect."""

    sealer: Sealer
    base_url: str
    lifetime: timedelta = timedelta(days=3)

    def make(self, target: Target, entity_id: UUID, label: str) -> Link:
        note = {"target": target.value, "id": str(entity_id)}
        return Link(label, f"{self.base_url}/{self.sealer.seal(note).reveal()}")

    def read(self, sealed: str) -> tuple[Target, UUID] | None:
        """What a link leads to; None for one that was altered or is too old."""
        note = self.sealer.open(sealed, within=self.lifetime)
        return (Target(note["target"]), UUID(note["id"])) if note else None
