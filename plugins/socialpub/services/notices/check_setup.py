"""Would messages go out? Asked before one has to."""

from __future__ import annotations

import itertools

from sqlalchemy import Engine, func, select

from socialpub.db.engine import transaction
from socialpub.errors import (
    AnswerLostError,
    ChannelDownError,
    ConfigurationError,
    RecipientRefusedError,
    SocialpubError,
)
from socialpub.models import Channel, Notification, NotificationRoute
from socialpub.services.digest.digest import Digest, DigestPost, Need, Outlook
from socialpub.services.notices.deliver import Couriers
from socialpub.services.notices.links import Link
from socialpub.services.notices.notice import Notice, NoticeItem
from socialpub.services.notices.templates import Templates

_LINKS = (Link("Draft", "https://example.org/draft"),)
_POST = DigestPost("A title", "A Page", "Fri 2026-03-27 14:05 CET", "approved by ola", ("A finding.",), "", _LINKS)
_NOTICE = Notice(
    "A headline", "problem", "A LARP",
    (NoticeItem("A title", "A Page", "Fri 14:05", "A cause", "code 100", "A step", "A remark", _LINKS),), "A step",
)  # fmt: skip
_DIGEST = Digest(
    "A LARP", "Friday", "Europe/Warsaw, CET", (Need("A need", "A step", _LINKS),), ("A note.",), (_POST,), 1,
    (Outlook("Fri", "A Page", 1),), (_POST,), 1, "1 published",
)  # fmt: skip


def check_templates(templates: Templates) -> None:
    """Fill in each one. Raises `TemplateError` naming the file."""
    for kind in ("html", "txt"):
        templates.render(f"notice.{kind}.j2", notice=_NOTICE, link_days="3")
        templates.render(f"digest.{kind}.j2", digest=_DIGEST, link_days="3")


def find_recipients(engine: Engine) -> dict[Channel, list[str]]:
    """Those of each channel that a route names. Raises `ConfigurationError` when there is no route at all."""
    with transaction(engine, actor="check") as session:
        routes = session.execute(
            select(NotificationRoute.channel, NotificationRoute.recipient)
            .distinct()
            .order_by(NotificationRoute.channel, NotificationRoute.recipient)
        ).all()
    if not routes:
        raise ConfigurationError(
            "Nobody hears of anything: there is no route.",
            next_step="insert one into social_notification_routes (docs/notifications.md).",
        )
    by_channel = itertools.groupby(routes, key=lambda route: Channel(route.channel))
    return {channel: [route.recipient for route in found] for channel, found in by_channel if channel != Channel.OFF}


def ask_channels(engine: Engine, couriers: Couriers) -> str:
    """Ask each used channel whether it would take messages. Raises `ConfigurationError` with all that would not."""
    good, bad = [], []
    for channel, recipients in find_recipients(engine).items():
        try:
            courier = couriers[channel]()
            try:
                good.append(f"{channel} {courier.check(recipients)}")
            finally:
                courier.close()
        except (ChannelDownError, ConfigurationError, RecipientRefusedError, AnswerLostError) as error:
            bad.append(f"{channel}: {error}")
    if bad:
        raise ConfigurationError(" ".join(bad))
    return "; ".join(good)


def require_no_dead_messages(engine: Engine) -> None:
    """Raises `SocialpubError` with how many were given up, and why the newest was."""
    with transaction(engine, actor="check") as session:
        dead = session.scalars(
            select(Notification).where(Notification.dead_at.is_not(None)).order_by(Notification.dead_at.desc()).limit(1)
        ).one_or_none()
        count = session.scalars(
            select(func.count()).select_from(Notification).where(Notification.dead_at.is_not(None))
        ).one()
    if dead:
        raise SocialpubError(
            f"{count} messages were given up; the newest: {dead.last_error}",
            next_step="`socialpub outbox list`, mend the cause, then `socialpub outbox requeue`.",
        )
