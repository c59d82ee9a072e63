"""The LARP: owned by the backoffice, read here for its title and its time zone."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from socialpub.models.base import Base


class Larp(Base):
    __tablename__ = "larps"
    __table_args__ = {"comment": "made by socialpub; the backoffice may replace it"}  # noqa: RUF012 - SQLAlchemy's form

    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=text("gen_random_uuid()"))
    title: Mapped[str]
    time_zone: Mapped[str] = mapped_column(server_default="UTC")
