"""Airflow's settings and ours → what messages are written with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from socialpub.hooks.connections import APP_PREFIX, read_public_url

if TYPE_CHECKING:
    from socialpub.services.notices.links import LinkMaker
    from socialpub.services.notices.write_message import Writer

_LINKS = "/links"
LINKS_PREFIX = f"{APP_PREFIX}{_LINKS}"
"""Where Airflow's API server mounts the app that opens links from messages."""


def open_writer() -> Writer:
    """Raises `TokenKeyError` without the keys that links are sealed with."""
    from socialpub.services.notices.templates import Templates
    from socialpub.services.notices.write_message import Writer
    from socialpub.settings import load_settings

    return Writer(
        links=open_link_maker(), templates=Templates(load_settings().templates_folder), public_url=read_public_url()
    )


def open_link_maker() -> LinkMaker:
    """Raises `TokenKeyError` without the keys that links are sealed with."""
    from socialpub.hooks.facebook import load_cipher
    from socialpub.services.notices.links import PURPOSE, LinkMaker
    from socialpub.settings import load_settings

    return LinkMaker(
        sealer=load_cipher().sealer(PURPOSE),
        base_url=f"{read_public_url()}{_LINKS}",
        lifetime=load_settings().link_lifetime,
    )
