"""Which links Facebook's scraper takes: it must be able to reach them (D-FEED)."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from graph_sandbox.errors import GraphFault, invalid_parameter
from graph_sandbox.state import World

FACEBOOK_HOSTS = ("facebook.com", "fb.com", "fb.me", "fb.watch")


def check_link(world: World, link: str | None) -> str | None:
    """Return the link of a post, or None without one.

    Raises:
        GraphFault: code 100 for what is no web address (subcode 2061006) or leads to Facebook (1609008); code 1609005
            for an address the scraper cannot fetch: a scripted host, `*.invalid`, or a name or number only this
            machine's network knows.
    """
    if link is None:
        return None
    host = _host_of(link)
    if any(host == name or host.endswith(f".{name}") for name in FACEBOOK_HOSTS):
        raise invalid_parameter("Facebook links cannot be shared in a post", subcode=1609008)
    if host.endswith(".invalid") or host in world.settings.unscrapable_hosts or _is_private(host):
        raise GraphFault(
            1609005,
            "(#1609005) Error posting link: scraping the URL failed",
            user_title="Link couldn't be posted",
            user_message="There was a problem scraping data from the provided link.",
        )
    return link


def _host_of(link: str) -> str:
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        host = ""
    if not host or parts.scheme not in ("http", "https") or any(sign.isspace() for sign in link):
        raise invalid_parameter("The url you supplied is invalid", subcode=2061006)
    return host


def _is_private(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".localhost", ".local", ".internal"))
