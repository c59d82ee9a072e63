"""The plugin file. Every task process runs it, so it imports nothing of ours before the API server asks for apps."""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin


class SocialpubPlugin(AirflowPlugin):
    name = "socialpub"

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override] # a list for each plugin, made once
        from socialpub.api.app import create_app
        from socialpub.api.notice_links import create_links_app
        from socialpub.hooks.connections import APP_PREFIX
        from socialpub.hooks.notices import LINKS_PREFIX

        return [
            # It lies below the other one's prefix, and the first that fits takes a request.
            {"app": create_links_app(), "url_prefix": LINKS_PREFIX, "name": "Social publisher: links"},
            {"app": create_app(), "url_prefix": APP_PREFIX, "name": "Social publisher"},
        ]
