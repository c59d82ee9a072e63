"""The LARP: owned by the backoffice, read here for its title and its time zone."""

from __future__ import annotations

from sqlalchemy.orm import Mapped, mapped_column

from socialpub.models.base import Base, UuidKey


class Larp(Base):
    __tablename__ = "larps"
    __table_args__ = {"comment": "made by socialpub; the backoffice may replace it"}  # noqa: RUF012 - SQLAlchemy's form

    id: Mapped[UuidKey]
    title: Mapped[str]
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
