"""Messages leave, one by one, behind a fence of their own: a dead server delays them, and nothing else.

A message is sent again only when it certainly did not arrive, or once after its answer was lost. So a reader gets it
practically once, and never more than twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from socialpub.db.engine import transaction
from socialpub.db.notifications import begin_sending, claim_notifications, settle_events
from socialpub.errors import (
    AnswerLostError,
    ChannelDownError,
    ConfigurationError,
    RecipientRefusedError,
    SocialpubError,
)
from socialpub.models import Channel, Notification
from socialpub.services.notices.notice import Message
from socialpub.services.notices.read_notice import read_notice
from socialpub.services.notices.write_message import Writer, write_message

log = logging.getLogger(__name__)

_MAX_DOUBTS = 2


class Courier(Protocol):
    """Takes messages of one channel away."""

    def send(self, message: Message, may_leave: Callable[[], bool]) -> bool:
        """True once the other side has taken it; False when `may_leave`, asked at the last moment, says no.

        Raises `ChannelDownError` (nothing left, and nothing will now), `RecipientRefusedError` (never this one) and
        `AnswerLostError` (it left, and may have arrived).
        """

    def check(self, recipients: Sequence[str]) -> str:
        """In a few words, that messages to them would go out. Raises what `send` raises, and sends nothing."""

    def close(self) -> None: ...


Couriers = Mapping[Channel, Callable[[], Courier]]
"""Opened when the first message wants to leave. May raise `ConfigurationError` or `ChannelDownError`."""


@dataclass(frozen=True, slots=True)
class DeliveryRules:
    lease: timedelta = timedelta(minutes=3)
    """How long a claimed message is one process's; longer than `budget` and the slowest answer together."""
    budget: timedelta = timedelta(seconds=45)
    """How long one run goes on claiming."""
    batch: int = 20
    delays: tuple[timedelta, ...] = tuple(timedelta(minutes=m) for m in (1, 2, 4, 8, 15, 30))
    """Waits after the first, second … failed try; the last one from then on."""
    give_up_after: timedelta = timedelta(days=3)
    """As long as mail servers themselves keep trying."""

    def delay_after(self, attempts: int) -> timedelta:
        return self.delays[min(max(attempts, 1), len(self.delays)) - 1]


@dataclass
class Delivery:
    """What one run did."""

    sent: int = 0
    waiting: int = 0
    dead: int = 0
    problems: list[str] = field(default_factory=list)
    """One line a broken channel or refused message."""


def deliver(engine: Engine, couriers: Couriers, writer: Writer, rules: DeliveryRules, *, actor: str) -> Delivery:
    """Send what is due, channel after channel. A channel that is down is left after its first message."""
    delivery = Delivery()
    for channel, open_courier in couriers.items():
        _Round(engine, channel, open_courier, writer, rules, actor, delivery).run()
    return delivery


@dataclass
class _Round:
    """One channel's messages in one run."""

    engine: Engine
    channel: Channel
    open_courier: Callable[[], Courier]
    writer: Writer
    rules: DeliveryRules
    actor: str
    delivery: Delivery
    courier: Courier | None = None

    def run(self) -> None:
        deadline = time.monotonic() + self.rules.budget.total_seconds()
        try:
            while time.monotonic() < deadline:
                with transaction(self.engine, actor=self.actor) as session:
                    claimed = claim_notifications(
                        session, self.channel, lease=self.rules.lease, max_notifications=self.rules.batch
                    )
                if not claimed:
                    return
                if not self._send_all([(row.id, row.lease_expires_at) for row in claimed], deadline):
                    return
        finally:
            if self.courier is not None:
                self.courier.close()

    def _send_all(self, claimed: list[tuple[UUID, datetime]], deadline: float) -> bool:
        """Whether the channel can take more. What is not sent is given back."""
        for number, (message_id, lease) in enumerate(claimed):
            rest = [each for each, _ in claimed[number + 1 :]]
            if time.monotonic() >= deadline:
                self._give_back([message_id, *rest], timedelta(0), None)
                return False
            try:
                self._send(message_id, lease)
            except (ChannelDownError, ConfigurationError) as error:
                self._fail(message_id, error, is_certain=True)
                self._give_back(rest, self.rules.delays[0], str(error))
                return False
            except AnswerLostError as error:
                self._fail(message_id, error, is_certain=False)
                self._give_back(rest, self.rules.delays[0], str(error))
                return False
            except RecipientRefusedError as error:
                self._bury(message_id, str(error))
        return True

    def _send(self, message_id: UUID, lease: datetime) -> None:
        with transaction(self.engine, actor=self.actor) as session:
            notification = session.get_one(Notification, message_id)
            if notification.doubts >= _MAX_DOUBTS:
                raise RecipientRefusedError(
                    "Its answer was lost twice, so it may have arrived twice.",
                    next_step="ask the recipient; `socialpub outbox requeue` sends it once more.",
                )
            message = self._write_or_refuse(session, notification)
        if self.courier is None:
            self.courier = self.open_courier()
        if not self.courier.send(message, lambda: self._may_leave(message_id, lease)):
            return
        with transaction(self.engine, actor=self.actor) as session:
            sent = session.get_one(Notification, message_id, with_for_update=True)
            sent.sent_at = _now(session)
            sent.sending_at = sent.lease_expires_at = sent.last_error = None
            session.flush()
            settle_events(session, message_id)
        self.delivery.sent += 1

    def _may_leave(self, message_id: UUID, lease: datetime) -> bool:
        with transaction(self.engine, actor=self.actor) as session:
            return begin_sending(session, message_id, lease)

    def _write_or_refuse(self, session: Session, notification: Notification) -> Message:
        try:
            return self._write(session, notification)
        except DBAPIError:
            raise
        except Exception as error:
            # One message that can't be written must not hold up all others; it is kept as given up, with its reason.
            log.exception("Message %s can't be written.", notification.id)
            raise RecipientRefusedError(
                f"It can't be written: {type(error).__name__}: {error}.",
                next_step="read the log of deliver_notifications, mend the cause, then `socialpub outbox requeue`.",
            ) from error

    def _write(self, session: Session, notification: Notification) -> Message:
        if notification.content is not None:
            return Message(id=str(notification.id), recipient=notification.recipient, **notification.content)
        notice = read_notice(
            session,
            notification.id,
            self.writer.links,
            public_url=self.writer.public_url,
            doubts=notification.doubts,
        )
        return write_message(self.writer, notice, message_id=str(notification.id), recipient=notification.recipient)

    def _fail(self, message_id: UUID, error: SocialpubError, *, is_certain: bool) -> None:
        self.delivery.problems.append(f"{self.channel}: {error}")
        with transaction(self.engine, actor=self.actor) as session:
            failed = session.get_one(Notification, message_id, with_for_update=True)
            now = _now(session)
            if now - failed.created_at > self.rules.give_up_after:
                self._kill(session, failed, str(error), now)
                return
            failed.lease_expires_at, failed.last_error = None, str(error)
            failed.next_attempt_at = now + self.rules.delay_after(failed.attempts)
            if is_certain:
                failed.sending_at = None
        self.delivery.waiting += 1

    def _bury(self, message_id: UUID, reason: str) -> None:
        self.delivery.problems.append(f"{self.channel}: {reason}")
        with transaction(self.engine, actor=self.actor) as session:
            refused = session.get_one(Notification, message_id, with_for_update=True)
            self._kill(session, refused, reason, _now(session))

    def _kill(self, session: Session, notification: Notification, reason: str, now: datetime) -> None:
        notification.dead_at, notification.last_error = now, reason
        notification.lease_expires_at = notification.sending_at = None
        session.flush()
        settle_events(session, notification.id)
        self.delivery.dead += 1

    def _give_back(self, message_ids: list[UUID], delay: timedelta, reason: str | None) -> None:
        """Not their fault: no try is counted."""
        with transaction(self.engine, actor=self.actor) as session:
            for waiting in session.scalars(
                select(Notification).where(Notification.id.in_(message_ids)).with_for_update()
            ):
                waiting.lease_expires_at, waiting.attempts = None, waiting.attempts - 1
                waiting.next_attempt_at = _now(session) + delay
                waiting.last_error = reason or waiting.last_error
        self.delivery.waiting += len(message_ids)


def _now(session: Session) -> datetime:
    return session.scalars(select(func.now())).one()
