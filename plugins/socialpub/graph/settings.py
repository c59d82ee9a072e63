"""Which Facebook app calls which hosts, with which version and patience."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from socialpub.models.secret import Secret

# The one place that names a version; v26.0 is what Meta's own reference pages and SDK use (Graph API changelog).
DEFAULT_VERSION = "v26.0"


class Host(StrEnum):
    """Whom a call goes to; the value names the setting that holds the URL (Graph API, Hosts)."""

    GRAPH = "graph_url"
    VIDEO = "graph_video_url"


@dataclass(frozen=True, slots=True)
class GraphSettings:
    """One Facebook app and the way to it. Timeouts are in seconds.

    `read_timeout` bounds the wait for each piece of an answer, and the reading of its body as a whole;
    `upload_timeout` does so after a request that carried a file, which Facebook stores before it answers, and also
    bounds how long none of the file's bytes may be taken.
    """

    app_id: str
    app_secret: Secret
    version: str = DEFAULT_VERSION
    graph_url: str = "https://graph.facebook.com"
    graph_video_url: str = "https://graph-video.facebook.com"
    rupload_url: str = "https://rupload.facebook.com"
    dialog_url: str = "https://www.facebook.com"
    connect_timeout: float = 5.0
    read_timeout: float = 30.0
    upload_timeout: float = 300.0
    is_log_json: bool = False
    """Whether the lines of the log channel `facebook` are JSON objects."""

    def host_url(self, host: Host) -> str:
        return self.graph_video_url if host is Host.VIDEO else self.graph_url

    def edge_url(self, path: str, host: Host = Host.GRAPH) -> str:
        """The URL of a node or edge such as `123/feed`, without a query."""
        return f"{self.host_url(host).rstrip('/')}/{self.version}/{path}"


def app_token(settings: GraphSettings) -> Secret:
    """The app access token, literally `app id|app secret` (Graph API reference, Access tokens)."""
    return Secret(f"{settings.app_id}|{settings.app_secret.reveal()}")
