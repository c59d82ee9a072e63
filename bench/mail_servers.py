"""A mail server that can be told to misbehave the ways real ones do."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import default
from types import TracebackType
from typing import Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from local_stack.state import Ports


@dataclass
class MoodyHandler:
    """`mood`: well, refuses (451 to the sender), unknown_user, hangs (before it has the message), dies_before (cuts
    the line amid it), dies_after and hangs_after (has the message, never says so).
    """

    mood: str = "well"
    every: int = 1
    """Only each so-many-th message meets the mood."""
    accepted: list[tuple[str, str]] = field(default_factory=list)
    """Message-ID and plain text of what a reader finds in the mailbox."""
    seen: int = 0

    def is_struck(self, mood: str) -> bool:
        return self.mood == mood and self.seen % self.every == 0

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.seen += 1
        if self.is_struck("refuses"):
            return "451 Try again later"
        if self.is_struck("hangs"):
            await asyncio.sleep(60)
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.is_struck("unknown_user"):
            return "550 No such user"
        if self.is_struck("dies_before"):
            _cut(server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        message = BytesParser(policy=default).parsebytes(cast("bytes", envelope.content))
        body = message.get_body(("plain",))
        self.accepted.append((str(message["Message-ID"]), body.get_content() if body else ""))
        if self.is_struck("dies_after"):
            _cut(server)
        if self.is_struck("hangs_after"):
            await asyncio.sleep(60)
        return "250 OK"

    def copies(self) -> Counter[str]:
        return Counter(message_id for message_id, _ in self.accepted)


def _cut(server: SMTP) -> None:
    cast("asyncio.Transport", server.transport).abort()


class MoodyServer:
    def __init__(self) -> None:
        self.handler = MoodyHandler()
        self.port = Ports.free().inbox_smtp
        self._controller = Controller(self.handler, hostname="127.0.0.1", port=self.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop(no_assert=True)
