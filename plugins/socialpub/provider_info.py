"""What Airflow's provider manager reads: the "Facebook Graph" connection form and the link to the live post."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    host = {"type": ["string", "null"], "format": "uri"}
    return {
        "package-name": "socialpub",
        "name": "Social publisher",
        "description": "Publishes approved posts to Facebook Pages on the second, never twice, never lost.",
        "connection-types": [
            {
                "connection-type": "facebook_graph",
                "hook-class-name": "socialpub.hooks.facebook.FacebookHook",
                "hook-name": "Facebook Graph",
                "ui-field-behaviour": {
                    "hidden-fields": ["host", "schema", "port"],
                    "relabeling": {"login": "App id", "password": "App secret"},
                    "placeholders": {"login": "the number under App settings, Basic"},
                },
                "conn-fields": {
                    "version": {"label": "Graph version", "schema": {"type": ["string", "null"]}},
                    "graph_url": {"label": "Graph host", "schema": host},
                    "graph_video_url": {"label": "Graph video host", "schema": host},
                    "rupload_url": {"label": "Resumable upload host", "schema": host},
                    "dialog_url": {"label": "Login dialog host", "schema": host},
                },
            }
        ],
        "extra-links": ["socialpub.operators.links.LivePostLink"],
    }
