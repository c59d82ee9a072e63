"""The plugin file. Every task process runs it, so it imports nothing of ours before the API server asks for the app."""

from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin


class SocialpubPlugin(AirflowPlugin):
    name = "socialpub"

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override] # a list for each plugin, made once
        from socialpub.api.notice_links import create_app
        from socialpub.hooks.database import open_database
        from socialpub.hooks.notices import LINKS_PREFIX, open_link_maker, read_airflow_url
        from socialpub.settings import load_settings

        links = create_app(
            lambda: open_database(pool_size=1),
            open_link_maker,
            airflow_url=read_airflow_url(),
            draft_url=load_settings().draft_url,
        )
        return [{"app": links, "url_prefix": LINKS_PREFIX, "name": "Social publisher: links"}]
