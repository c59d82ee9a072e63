"""Couriers over Airflow's providers: mail through `smtp_default`, Slack through `slack_social`."""

from __future__ import annotations

import re
import smtplib
import time
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import formatdate
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.error import URLError

from airflow.providers.slack.hooks.slack import SlackHook
from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError
from slack_sdk.web import SlackResponse, WebClient

from socialpub.errors import AnswerLostError, ChannelDownError, ConfigurationError, RecipientRefusedError
from socialpub.graph.redaction import clean_text
from socialpub.models import Channel

if TYPE_CHECKING:
    from socialpub.services.notices.deliver import Courier, Couriers
    from socialpub.services.notices.notice import Message

Result = TypeVar("Result")

MAIL_CONNECTION_ID = "smtp_default"
SLACK_CONNECTION_ID = "slack_social"
_TIMEOUT_SECONDS = 10
_DAY_SECONDS = 86_400
_TRIED = "socialpub looks whether it may write here. Nothing is to be done."
_CHECK_SLACK = f"check Airflow connection {SLACK_CONNECTION_ID}, and the channel that the route names."
_CHECK_MAIL = f"check Airflow connection {MAIL_CONNECTION_ID}: host, port, TLS, login and password."
# Of the channel, not of the one message: they end by themselves or with a corrected connection.
_SLACK_REFUSES_MESSAGE = {"channel_not_found", "is_archived", "not_in_channel", "invalid_blocks", "msg_too_long"}


def require_connection(channel: Channel) -> None:
    """Raises `ConfigurationError` where the Airflow connection of the channel is missing."""
    connection_id = MAIL_CONNECTION_ID if channel == Channel.EMAIL else SLACK_CONNECTION_ID
    try:
        BaseHook.get_connection(connection_id)
    except AirflowNotFoundException as error:
        raise ConfigurationError(
            f"There is no Airflow connection “{connection_id}”.",
            next_step=f"add it under Admin → Connections, or set AIRFLOW_CONN_{connection_id.upper()}.",
        ) from error


def open_couriers() -> Couriers:
    """Opened one by one, when the first message of the channel wants to leave."""
    return {Channel.EMAIL: MailCourier, Channel.SLACK: open_slack_courier}


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
        return int(self.conn.extra_dejson.get("timeout", _TIMEOUT_SECONDS))


class MailCourier:
    """One SMTP session for all messages of a run."""

    def __init__(self) -> None:
        require_connection(Channel.EMAIL)
        self._mailer = _Mailer(MAIL_CONNECTION_ID)
        self._client = _translate_mail_trouble(self._mailer.log_in)
        self._from = self._mailer.from_email or ""
        if "@" not in self._from:
            self.close()
            raise ConfigurationError(
                f"Airflow connection {MAIL_CONNECTION_ID} does not say from which address mail comes.",
                next_step='add {"from_email": "social@your.domain"} to its extra.',
            )

    def send(self, message: Message, may_leave: Callable[[], bool]) -> bool:
        mail = _build_mail(message, sender=self._from)
        _translate_mail_trouble(lambda: self._envelope(message.recipient))
        if not may_leave():
            _translate_mail_trouble(self._client.rset)
            return False
        _translate_mail_trouble(lambda: self._content(mail))
        try:
            code, words = self._client.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise AnswerLostError(
                f"The mail server took the message and did not answer ({clean_text(str(error))})."
            ) from error
        _require_mail_code(code, words, {250})
        return True

    def check(self, recipients: Sequence[str]) -> str:
        """Mailboxes are not asked about: many servers know them only when the mail is there."""
        code, words = _translate_mail_trouble(self._client.noop)
        _require_mail_code(code, words, {250})
        return f"{self._mailer.host} takes mail from {self._from}"

    def close(self) -> None:
        try:
            self._client.quit()
        except (OSError, smtplib.SMTPException):
            self._client.close()

    def _envelope(self, recipient: str) -> None:
        _require_mail_code(*self._client.mail(self._from), {250})
        code, words = self._client.rcpt(recipient)
        if not 200 <= code < 300:
            self._client.rset()
        _require_mail_code(code, words, {250, 251}, recipient=recipient)

    def _content(self, mail: EmailMessage) -> None:
        """Up to the lone dot, which alone makes it a message: until then nothing can have arrived."""
        _require_mail_code(*self._client.docmd("data"), {354})
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


def _require_mail_code(code: int, words: bytes, good: set[int], *, recipient: str | None = None) -> None:
    if code in good:
        return
    said = clean_text(f"{code} {words.decode(errors='replace')}")
    if recipient and 500 <= code < 600:
        raise RecipientRefusedError(
            f"The mail server refuses {recipient}: {said}.", next_step="correct the recipient of the route."
        )
    raise ChannelDownError(f"The mail server answers {said}.", next_step=_CHECK_MAIL)


def _translate_mail_trouble(step: Callable[[], Result]) -> Result:
    try:
        return step()
    except (OSError, smtplib.SMTPException, AirflowException) as error:
        raise ChannelDownError(
            f"The mail server can't be used: {clean_text(str(error)) or type(error).__name__}.", next_step=_CHECK_MAIL
        ) from error


def open_slack_courier() -> Courier:
    """By the type of the Airflow connection: an incoming webhook, or a bot's token."""
    require_connection(Channel.SLACK)
    if BaseHook.get_connection(SLACK_CONNECTION_ID).conn_type == SlackHook.conn_type:
        return SlackBotCourier()
    return SlackWebhookCourier()


class SlackWebhookCourier:
    """An incoming webhook: its channel is fixed, so a route's recipient is only a name."""

    def __init__(self) -> None:
        hook = SlackWebhookHook(slack_webhook_conn_id=SLACK_CONNECTION_ID, timeout=_TIMEOUT_SECONDS, retry_handlers=[])
        try:
            self._client = hook.client
        except AirflowException as error:
            raise ConfigurationError(clean_text(str(error)), next_step=_CHECK_SLACK) from error

    def send(self, message: Message, may_leave: Callable[[], bool]) -> bool:
        body = {"text": message.subject, "blocks": message.blocks}
        if not may_leave():
            return False
        try:
            answer = self._client.send_dict(body)
        except (OSError, HTTPException, SlackClientError) as error:
            raise _slack_trouble(error) from error
        if answer.status_code == 200:
            return True
        said = clean_text(f"{answer.status_code} {answer.body}")
        if answer.status_code == 400:
            raise RecipientRefusedError(f"Slack refuses the message: {said}.", next_step=_CHECK_SLACK)
        if answer.status_code >= 500:
            raise AnswerLostError(f"Slack answers {said}.")
        raise ChannelDownError(f"Slack answers {said}.", next_step=_CHECK_SLACK)

    def check(self, recipients: Sequence[str]) -> str:
        """A webhook can't be asked without posting, so only its address is looked at."""
        if not re.match(r"https?://[^/]+/.", self._client.url):
            raise ConfigurationError("The Slack webhook is no web address.", next_step=_CHECK_SLACK)
        return "has a webhook (it can't be tried without posting)"

    def close(self) -> None:
        """Nothing is kept open."""


class SlackBotCourier:
    """A bot's token: the route's recipient is the channel, or the connection's own default (`slack_channel`)."""

    def __init__(self) -> None:
        hook = SlackHook(slack_conn_id=SLACK_CONNECTION_ID, timeout=_TIMEOUT_SECONDS, retry_handlers=[])
        try:
            self._client: WebClient = hook.client
        except AirflowException as error:
            raise ConfigurationError(clean_text(str(error)), next_step=_CHECK_SLACK) from error
        self._default_channel = str(BaseHook.get_connection(SLACK_CONNECTION_ID).extra_dejson.get("slack_channel", ""))

    def send(self, message: Message, may_leave: Callable[[], bool]) -> bool:
        channel = self._find_channel(message.recipient)
        if not may_leave():
            return False
        _ask_slack(
            lambda: self._client.chat_postMessage(
                channel=channel, text=message.subject, blocks=message.blocks, unfurl_links=False, unfurl_media=False
            ),
            channel,
        )
        return True

    def check(self, recipients: Sequence[str]) -> str:
        answer = _ask_slack(self._client.auth_test, "the bot")
        for channel in dict.fromkeys(map(self._find_channel, recipients)):
            _ask_slack(partial(self._try_channel, channel), channel)
        return f"is {answer.get('user')} in {answer.get('team')}"

    def _try_channel(self, channel: str) -> SlackResponse:
        """Plans a message for tomorrow and takes it back: nobody sees it, and the right to write is all that it needs.

        Source: https://docs.slack.dev/reference/methods/chat.scheduleMessage
        """
        planned = self._client.chat_scheduleMessage(
            channel=channel, text=_TRIED, post_at=int(time.time()) + _DAY_SECONDS
        )
        return self._client.chat_deleteScheduledMessage(
            channel=planned["channel"], scheduled_message_id=planned["scheduled_message_id"]
        )

    def _find_channel(self, recipient: str) -> str:
        if channel := recipient or self._default_channel:
            return channel
        raise RecipientRefusedError(
            "The route names no Slack channel, and the connection has no default.",
            next_step='name the channel in the route, or add {"slack_channel": "#social"} to the connection.',
        )

    def close(self) -> None:
        """Nothing is kept open."""


def _ask_slack(question: Callable[[], SlackResponse], channel: str) -> SlackResponse:
    try:
        return question()
    except SlackApiError as error:
        raise _slack_refusal(error, channel) from error
    except (OSError, HTTPException, SlackClientError) as error:
        raise _slack_trouble(error) from error


def _slack_refusal(error: SlackApiError, channel: str) -> ChannelDownError | RecipientRefusedError | AnswerLostError:
    if error.response.status_code >= 500:
        return AnswerLostError(f"Slack answers {error.response.status_code}.")
    said = clean_text(str(error.response.get("error")))
    if said in _SLACK_REFUSES_MESSAGE:
        return RecipientRefusedError(f"Slack refuses the message to {channel}: {said}.", next_step=_CHECK_SLACK)
    return ChannelDownError(f"Slack answers {said}.", next_step=_CHECK_SLACK)


def _slack_trouble(error: Exception) -> ChannelDownError | AnswerLostError:
    """urllib wraps what happens before the request has left; what happens while the answer is awaited it does not."""
    if isinstance(error, SlackRequestError):  # Its text is the address, which is the secret.
        return ChannelDownError("The address of the Slack webhook can't be used.", next_step=_CHECK_SLACK)
    words = clean_text(str(error)) or type(error).__name__
    if isinstance(error, URLError) and not isinstance(error.reason, ConnectionResetError | BrokenPipeError):
        return ChannelDownError(f"Slack can't be reached: {words}.", next_step=_CHECK_SLACK)
    return AnswerLostError(f"Slack did not answer: {words}.")
