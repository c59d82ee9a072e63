"""Couriers over Airflow's providers: mail through `smtp_default`, Slack through `slack_social`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socialpub.models import Channel
from socialpub.notifications.mail import MailCourier
from socialpub.notifications.slack import open_slack_courier

if TYPE_CHECKING:
    from socialpub.services.notices.deliver import Couriers


def open_couriers() -> Couriers:
    """Opened one by one, when the first message of the channel wants to leave."""
    return {Channel.EMAIL: MailCourier, Channel.SLACK: open_slack_courier}
