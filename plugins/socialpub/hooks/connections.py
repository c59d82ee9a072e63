"""Airflow connections and settings → the service that connects Pages, and where people reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.configuration import conf

from socialpub.hooks.facebook import FacebookHook, load_cipher, mask_tokens

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from socialpub.services.connections import FacebookConnectionService

APP_PREFIX = "/socialpub"
"""Where Airflow's API server mounts the plugin's app."""
CONSOLE_PREFIX = f"{APP_PREFIX}/console"
"""And its screens for people."""


def open_connection_service(engine: Engine) -> FacebookConnectionService:
    """Raises `ConfigurationError` when the Facebook app or the token keys are not configured."""
    from socialpub.services.connections import FacebookConnectionService
    from socialpub.settings import load_settings

    return FacebookConnectionService(
        engine,
        FacebookHook().get_conn(),
        load_cipher(),
        mask=mask_tokens,
        extra_scopes=load_settings().extra_permissions,
    )


def read_airflow_url() -> str:
    """The address of Airflow's own pages, without a slash at the end."""
    return str(conf.get("api", "base_url", fallback="") or "http://localhost:8080").rstrip("/")


def read_public_url() -> str:
    """The address of the plugin's app as people see it, without a slash at the end."""
    from socialpub.settings import load_settings

    return load_settings().public_url or read_airflow_url() + APP_PREFIX
