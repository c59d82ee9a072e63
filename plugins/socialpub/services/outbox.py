"""Messages that wait or are given up, as lines for a terminal; and another chance for them."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Engine, func, select, update

from socialpub.db.engine import transaction
from socialpub.errors import UnknownPostError
from socialpub.models import Notification, NotificationEvent, OutboxEvent


def list_messages(engine: Engine, *, is_dead_only: bool = False) -> list[str]:
    """A line a message that is not sent: the given up ones first, then those that wait, oldest first."""
    with transaction(engine, actor="outbox") as session:
        wanted = Notification.dead_at.is_not(None) if is_dead_only else Notification.sent_at.is_(None)
        messages = session.scalars(
            select(Notification).where(wanted).order_by(Notification.dead_at.is_(None), Notification.created_at)
        )
        lines = [_line(message) for message in messages]
        unrouted = session.scalars(
            select(func.count()).select_from(OutboxEvent).where(OutboxEvent.routed_at.is_(None))
        ).one()
    return lines + ([f"{unrouted} events wait for the next run of deliver_notifications."] if unrouted else [])


def _line(message: Notification) -> str:
    state = "given up" if message.dead_at else f"next try {message.next_attempt_at:%Y-%m-%d %H:%M %Z}"
    target = f"{message.channel} {message.recipient}".strip()
    why = f": {message.last_error}" if message.last_error else ""
    return f"{message.id}  {message.event} → {target}  {state}, {message.attempts} tries{why}"


def requeue_messages(engine: Engine, message_ids: Sequence[UUID], *, actor: str) -> list[str]:
    """Let given-up messages start anew; without ids all of them. Raises `UnknownPostError` for an unknown id."""
    with transaction(engine, actor=actor) as session:
        dead = select(Notification).where(Notification.dead_at.is_not(None)).with_for_update()
        if message_ids:
            dead = dead.where(Notification.id.in_(message_ids))
        messages = session.scalars(dead).all()
        if missing := set(message_ids) - {message.id for message in messages}:
            raise UnknownPostError(
                f"No given-up message has the id {min(missing)}.", next_step="copy it from `socialpub outbox list`."
            )
        for message in messages:
            message.dead_at, message.doubts, message.attempts = None, 0, 0
            # Three days count anew.
            message.created_at = message.next_attempt_at = session.scalars(select(func.now())).one()
        told = select(NotificationEvent.event_id).where(NotificationEvent.notification_id.in_([m.id for m in messages]))
        session.execute(update(OutboxEvent).where(OutboxEvent.id.in_(told)).values(dead_at=None))
        return [f"{message.event} → {message.channel} {message.recipient} goes out again." for message in messages]
