"""What has arrived, newest last, in memory."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Any

MOST = 500
"""Older messages are forgotten."""


@dataclass(frozen=True, slots=True)
class Mail:
    number: int
    arrived_at: float
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage

    def part(self, kind: str) -> str:
        """The text of `text/plain` or `text/html`; "" where the mail has none."""
        found = self.message.get_body(("html",) if kind == "text/html" else ("plain",))
        return str(found.get_content()) if found else ""


@dataclass(frozen=True, slots=True)
class SlackMessage:
    number: int
    arrived_at: float
    body: dict[str, Any]


@dataclass
class Box:
    mails: list[Mail] = field(default_factory=list)
    slack: list[SlackMessage] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _count: int = 0

    def take_mail(self, sender: str, recipients: list[str], content: bytes) -> None:
        message = BytesParser(_class=EmailMessage, policy=default).parsebytes(content)
        with self._lock:
            self._count += 1
            self.mails.append(Mail(self._count, time.time(), sender, tuple(recipients), message))
            del self.mails[:-MOST]

    def take_slack(self, body: dict[str, Any]) -> None:
        with self._lock:
            self._count += 1
            self.slack.append(SlackMessage(self._count, time.time(), body))
            del self.slack[:-MOST]
