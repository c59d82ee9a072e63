"""The plugin file. Every task process runs it, so it imports nothing of ours before the API server asks for apps."""

from functools import cached_property
from typing import Any

from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin


class SocialpubPlugin(AirflowPlugin):
    name = "socialpub"

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override] # a list for each plugin, made once
        from socialpub.api.app import create_app
        from socialpub.api.notice_links import create_links_app
        from socialpub.api.resources import Resources
        from socialpub.console.app import create_console
        from socialpub.hooks.connections import APP_PREFIX, CONSOLE_PREFIX
        from socialpub.hooks.notices import LINKS_PREFIX

        resources = Resources()  # One for both, so that they share the few connections to the database.
        return [
            # These lie below the last one's prefix, and the first that fits takes a request.
            {"app": create_links_app(), "url_prefix": LINKS_PREFIX, "name": "Social publisher: links"},
            {"app": create_console(resources), "url_prefix": CONSOLE_PREFIX, "name": "Social publisher: console"},
            {"app": create_app(resources), "url_prefix": APP_PREFIX, "name": "Social publisher"},
        ]

    @cached_property
    def external_views(self) -> list[dict[str, Any]]:  # type: ignore[override] # a list for each plugin, made once
        """The console in Airflow's navigation, in a frame; on its own address it is the same."""
        from urllib.parse import urlsplit

        below = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")
        return [
            {
                "name": "Social posts",
                "href": f"{below}/socialpub/console/",
                "url_route": "social-posts",
                "destination": "nav",
                "icon": f"{below}/socialpub/console/static/icon.svg",
            }
        ]
