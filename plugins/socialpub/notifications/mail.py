"""Mail through the Airflow connection `smtp_default`."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate
from typing import TYPE_CHECKING, TypeVar, cast

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk.exceptions import AirflowException

from socialpub.errors import AnswerLostError, ChannelDownError, ConfigurationError, RecipientRefusedError
from socialpub.graph.redaction import clean_text
from socialpub.models import Channel
from socialpub.notifications.connections import MAIL_CONNECTION_ID, TIMEOUT_SECONDS, require_connection

if TYPE_CHECKING:
    from socialpub.services.notices.notice import Message

Result = TypeVar("Result")

_NEXT_STEP = f"check Airflow connection {MAIL_CONNECTION_ID}: host, port, TLS, login and password."


class _Mailer(SmtpHook):
    """Airflow's hook sends HTML only and tries by itself again after any error, so that a message may arrive twice.

    Here it only logs in, once; what is tried again, and when, is decided by `deliver`.
    """

    def log_in(self) -> smtplib.SMTP:
        self.get_conn()
        client = cast("smtplib.SMTP", self._smtp_client)
        client.ehlo_or_helo_if_needed()
        return client

    @property
    def smtp_retry_limit(self) -> int:
        return 0

    @property
    def smtp_starttls(self) -> bool:
        return super().smtp_starttls and not self.use_ssl

    @property
    def timeout(self) -> int:
        return int(self.conn.extra_dejson.get("timeout", TIMEOUT_SECONDS))


class MailCourier:
    """One SMTP session for all messages of a run."""

    def __init__(self) -> None:
        require_connection(Channel.EMAIL)
        self._mailer = _Mailer(MAIL_CONNECTION_ID)
        self._client = _translate_trouble(self._mailer.log_in)
        self._from = self._mailer.from_email or ""
        if "@" not in self._from:
            self.close()
            raise ConfigurationError(
                f"Airflow connection {MAIL_CONNECTION_ID} does not say from which address mail comes.",
                next_step='add {"from_email": "social@your.domain"} to its extra.',
            )

    def send(self, message: Message, may_leave: Callable[[], bool]) -> bool:
        mail = _build_mail(message, sender=self._from)
        _translate_trouble(lambda: self._envelope(message.recipient))
        if not may_leave():
            _translate_trouble(self._client.rset)
            return False
        _translate_trouble(lambda: self._content(mail))
        try:
            code, words = self._client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise AnswerLostError(
                f"The mail server took the message and did not answer ({clean_text(str(error))})."
            ) from error
        _require_code(code, words, {250})
        return True

    def check(self, recipients: Sequence[str]) -> str:
        """Mailboxes are not asked about: many servers know them only when the mail is there."""
        code, words = _translate_trouble(self._client.noop)
        _require_code(code, words, {250})
        return f"{self._mailer.host} takes mail from {self._from}"

    def close(self) -> None:
        try:
            self._client.quit()
        except (OSError, smtplib.SMTPException):
            self._client.close()

    def _envelope(self, recipient: str) -> None:
        _require_code(*self._client.mail(self._from), {250})
        code, words = self._client.rcpt(recipient)
        if not 200 <= code < 300:
            self._client.rset()
        _require_code(code, words, {250, 251}, recipient=recipient)

    def _content(self, mail: EmailMessage) -> None:
        """Up to the lone dot, which alone makes it a message: until then nothing can have arrived."""
        _require_code(*self._client.docmd("data"), {354})
        text = mail.as_bytes(policy=SMTP_POLICY)
        self._client.send(re.sub(rb"(?m)^\.", b"..", text).removesuffix(b"\r\n") + b"\r\n.\r\n")


def _build_mail(message: Message, *, sender: str) -> EmailMessage:
    mail = EmailMessage(policy=SMTP_POLICY)
    mail["Subject"], mail["From"], mail["To"] = message.subject, sender, message.recipient
    mail["Date"] = formatdate()
    # The same for every try: mail programs show a second copy only once.
    mail["Message-ID"] = f"<{message.id}@{sender.rpartition('@')[2].rstrip('>')}>"
    # No holiday notes, please (RFC 3834).
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    return mail


def _require_code(code: int, words: bytes, good: set[int], *, recipient: str | None = None) -> None:
    if code in good:
        return
    said = clean_text(f"{code} {words.decode(errors='replace')}")
    if recipient and 500 <= code < 600:
        raise RecipientRefusedError(
            f"The mail server refuses {recipient}: {said}.", next_step="correct the recipient of the route."
        )
    raise ChannelDownError(f"The mail server answers {said}.", next_step=_NEXT_STEP)


def _translate_trouble(step: Callable[[], Result]) -> Result:
    try:
        return step()
    except (OSError, smtplib.SMTPException, AirflowException) as error:
        raise ChannelDownError(
            f"The mail server can't be used: {clean_text(str(error)) or type(error).__name__}.", next_step=_NEXT_STEP
        ) from error
