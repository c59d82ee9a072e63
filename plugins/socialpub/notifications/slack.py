"""Slack through the Airflow connection `slack_social`: an incoming webhook, or a bot's token."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import partial
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import URLError

from airflow.providers.slack.hooks.slack import SlackHook
from airflow.providers.slack.hooks.slack_webhook import SlackWebhookHook
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException
from slack_sdk.errors import SlackApiError, SlackClientError, SlackRequestError
from slack_sdk.web import SlackResponse, WebClient

from socialpub.errors import AnswerLostError, ChannelDownError, ConfigurationError, RecipientRefusedError
from socialpub.graph.redaction import clean_text
from socialpub.models import Channel
from socialpub.notifications.connections import SLACK_CONNECTION_ID, TIMEOUT_SECONDS, require_connection

if TYPE_CHECKING:
    from socialpub.services.notices.deliver import Courier
    from socialpub.services.notices.notice import Message

_DAY_SECONDS = 86_400
_TRIED = "socialpub looks whether it may write here. Nothing is to be done."
_NEXT_STEP = f"check Airflow connection {SLACK_CONNECTION_ID}, and the channel that the route names."
# Of the channel, not of the one message: they end by themselves or with a corrected connection.
_REFUSES_MESSAGE = {"channel_not_found", "is_archived", "not_in_channel", "invalid_blocks", "msg_too_long"}


def open_slack_courier() -> Courier:
    """By the type of the Airflow connection: an incoming webhook, or a bot's token."""
    require_connection(Channel.SLACK)
    if BaseHook.get_connection(SLACK_CONNECTION_ID).conn_type == SlackHook.conn_type:
        return SlackBotCourier()
    return SlackWebhookCourier()


class SlackWebhookCourier:
    """An incoming webhook: its channel is fixed, so a route's recipient is only a name."""

    def __init__(self) -> None:
        hook = SlackWebhookHook(slack_webhook_conn_id=SLACK_CONNECTION_ID, timeout=TIMEOUT_SECONDS, retry_handlers=[])
        try:
            self._client = hook.client
        except AirflowException as error:
            raise ConfigurationError(clean_text(str(error)), next_step=_NEXT_STEP) from error

    def send(self, message: Message, may_leave: Callable[[], bool]) -> bool:
        body = {"text": message.subject, "blocks": message.blocks}
        if not may_leave():
            return False
        try:
            answer = self._client.send_dict(body)
        except (OSError, HTTPException, SlackClientError) as error:
            raise _name_trouble(error) from error
        if answer.status_code == 200:
            return True
        said = clean_text(f"{answer.status_code} {answer.body}")
        if answer.status_code == 400:
            raise RecipientRefusedError(f"Slack refuses the message: {said}.", next_step=_NEXT_STEP)
        if answer.status_code >= 500:
            raise AnswerLostError(f"Slack answers {said}.")
        raise ChannelDownError(f"Slack answers {said}.", next_step=_NEXT_STEP)

    def check(self, recipients: Sequence[str]) -> str:
        """A webhook can't be asked without posting, so only its address is looked at."""
        if not re.match(r"https?://[^/]+/.", self._client.url):
            raise ConfigurationError("The Slack webhook is no web address.", next_step=_NEXT_STEP)
        return "has a webhook (it can't be tried without posting)"

    def close(self) -> None:
        """Nothing is kept open."""


class SlackBotCourier:
    """A bot's token: the route's recipient is the channel, or the connection's own default (`slack_channel`)."""

    def __init__(self) -> None:
        hook = SlackHook(slack_conn_id=SLACK_CONNECTION_ID, timeout=TIMEOUT_SECONDS, retry_handlers=[])
        try:
            self._client: WebClient = hook.client
        except AirflowException as error:
            raise ConfigurationError(clean_text(str(error)), next_step=_NEXT_STEP) from error
        self._default_channel = str(BaseHook.get_connection(SLACK_CONNECTION_ID).extra_dejson.get("slack_channel", ""))

    def send(self, message: Message, may_leave: Callable[[], bool]) -> bool:
        channel = self._find_channel(message.recipient)
        if not may_leave():
            return False
        _ask(
            lambda: self._client.chat_postMessage(
                channel=channel, text=message.subject, blocks=message.blocks, unfurl_links=False, unfurl_media=False
            ),
            channel,
        )
        return True

    def check(self, recipients: Sequence[str]) -> str:
        answer = _ask(self._client.auth_test, "the bot")
        for channel in dict.fromkeys(map(self._find_channel, recipients)):
            _ask(partial(self._try_channel, channel), channel)
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


def _ask(question: Callable[[], SlackResponse], channel: str) -> SlackResponse:
    try:
        return question()
    except SlackApiError as error:
        raise _name_refusal(error, channel) from error
    except (OSError, HTTPException, SlackClientError) as error:
        raise _name_trouble(error) from error


def _name_refusal(error: SlackApiError, channel: str) -> ChannelDownError | RecipientRefusedError | AnswerLostError:
    if error.response.status_code >= 500:
        return AnswerLostError(f"Slack answers {error.response.status_code}.")
    said = clean_text(str(error.response.get("error")))
    if said in _REFUSES_MESSAGE:
        return RecipientRefusedError(f"Slack refuses the message to {channel}: {said}.", next_step=_NEXT_STEP)
    return ChannelDownError(f"Slack answers {said}.", next_step=_NEXT_STEP)


def _name_trouble(error: Exception) -> ChannelDownError | AnswerLostError:
    """urllib wraps what happens before the request has left; what happens while the answer is awaited it does not."""
    if isinstance(error, SlackRequestError):  # Its text is the address, which is the secret.
        return ChannelDownError("The address of the Slack webhook can't be used.", next_step=_NEXT_STEP)
    words = clean_text(str(error)) or type(error).__name__
    if isinstance(error, URLError) and not isinstance(error.reason, ConnectionResetError | BrokenPipeError):
        return ChannelDownError(f"Slack can't be reached: {words}.", next_step=_NEXT_STEP)
    return AnswerLostError(f"Slack did not answer: {words}.")
