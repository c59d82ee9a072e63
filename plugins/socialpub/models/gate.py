"""The gate of the whole installation: every post passes it."""

from __future__ import annotations

from sqlalchemy import SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from socialpub.models.base import Base, WrittenNow
from socialpub.models.closable import Closable


class PublishingGate(Closable, Base):
    """One row: closed by a person (pause) or by the Facebook app's rate limit."""

    __tablename__ = "social_publishing_gate"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False, server_default=text("1"))
    updated_at: Mapped[WrittenNow]
