"""Airflow's settings and ours → what messages are written with, and where people reach the plugin's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.configuration import conf

if TYPE_CHECKING:
    from socialpub.services.notices.links import LinkMaker
    from socialpub.services.notices.write_message import Writer

LINKS_PREFIX = "/socialpub-links"
"""Where Airflow's API server mounts the app that opens links from messages."""
_APP_PREFIX = "/socialpub"


def read_airflow_url() -> str:
    """Without a slash at the end."""
    return str(conf.get("api", "base_url", fallback="") or "http://localhost:8080").rstrip("/")


def open_writer() -> Writer:
    """Raises `TokenKeyError` without the keys that links are sealed with."""
    from socialpub.services.notices.templates import Templates
    from socialpub.services.notices.write_message import Writer
    from socialpub.settings import load_settings

    return Writer(
        links=open_link_maker(),
        templates=Templates(load_settings().templates_folder),
        public_url=f"{read_airflow_url()}{_APP_PREFIX}",
    )


def open_link_maker() -> LinkMaker:
    """Raises `TokenKeyError` without the keys that links are sealed with."""
    from socialpub.hooks.facebook import load_cipher
    from socialpub.services.notices.links import PURPOSE, LinkMaker
    from socialpub.settings import load_settings

    return LinkMaker(
        sealer=load_cipher().sealer(PURPOSE),
        base_url=f"{read_airflow_url()}{LINKS_PREFIX}",
        lifetime=load_settings().link_lifetime,
    )
