"""The Airflow connections that messages leave by."""

from __future__ import annotations

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from socialpub.errors import ConfigurationError
from socialpub.models import Channel

MAIL_CONNECTION_ID = "smtp_default"
SLACK_CONNECTION_ID = "slack_social"
TIMEOUT_SECONDS = 10


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
