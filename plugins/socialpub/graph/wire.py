"""A `requests` session that sends each request at most once and knows whether any byte of it left.

`requests` tells a failed TLS handshake and a TLS failure after sending by the same exception, so the connection itself
keeps track: only a failure while it connects proves that nothing was sent.
"""

from __future__ import annotations

import threading
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util.retry import Retry

from socialpub.models.secret import Secret

POOL_SIZE = 256


class _Progress(threading.local):
    """How far this thread's current request came: "", then "connecting", "connected", "sending"."""

    stage: str = ""
    write_timeout: float | None = None


_progress = _Progress()


def start_request(*, write_timeout: float | None = None) -> None:
    """Forget the previous request of this thread.

    `write_timeout` bounds, in seconds, how long the server may take none of a file's bytes. Without it the connect
    timeout holds for writing as well, which a small request never meets and a server that stores a video does.
    """
    _progress.stage = ""
    _progress.write_timeout = write_timeout


def is_surely_unsent() -> bool:
    """Whether this thread's last request failed while connecting (DNS, refused, timeout, TLS handshake)."""
    return _progress.stage == "connecting"


class _WatchedConnection(HTTPConnection):
    def connect(self) -> None:
        is_first = _progress.stage != "sending"
        _progress.stage = "connecting" if is_first else "sending"
        super().connect()
        _progress.stage = "connected" if is_first else "sending"

    def send(self, data: Any) -> None:  # noqa: ANN401 - as in http.client
        if self.sock is None and self.auto_open:
            self.connect()
        if _progress.stage != "connecting":  # else it is the CONNECT of a proxy tunnel, not yet the request
            if _progress.stage != "sending" and _progress.write_timeout is not None:
                self.sock.settimeout(_progress.write_timeout)
            _progress.stage = "sending"
        super().send(data)


class _WatchedTlsConnection(_WatchedConnection, HTTPSConnection):
    """The same over TLS; its `connect` includes the handshake."""


class _WatchedPool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _WatchedTlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTlsConnection


_POOL_CLASSES = {"http": _WatchedPool, "https": _WatchedTlsPool}


class OnceAdapter(HTTPAdapter):
    """Sends once. Without retries, even a request that died with an idle keep-alive connection is only reported."""

    def __init__(self) -> None:
        retries = Retry(0, read=False, redirect=False, status=0, respect_retry_after_header=False)
        super().__init__(pool_connections=8, pool_maxsize=POOL_SIZE, max_retries=retries, pool_block=False)

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:  # noqa: ANN401 - as in requests
        response = super().build_response(req, resp)
        # Even without following it, requests parses the target, raising on a malformed one, and reads the whole body.
        response.headers.pop("location", None)
        return response

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - as in requests
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOL_CLASSES

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:  # noqa: ANN401 - as in requests
        manager = super().proxy_manager_for(proxy, **proxy_kwargs)
        if not proxy.lower().startswith(
            "socks"
        ):  # those bring connections of their own; all their failures are unclear
            manager.pool_classes_by_scheme = _POOL_CLASSES
        return manager


class TokenAuth(AuthBase):
    """The token as a header. As `auth`, so that a ~/.netrc can't replace it."""

    def __init__(self, token: Secret, scheme: str = "Bearer") -> None:
        self._token, self._scheme = token, scheme

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"{self._scheme} {self._token.reveal()}"
        return request


def read_proxies(session: requests.Session, url: str) -> dict[str, str]:
    """The proxies that the environment names for a host; asked before `prepare_session` shuts the environment out."""
    return dict(session.merge_environment_settings(url, {}, stream=None, verify=None, cert=None)["proxies"])


def prepare_session(session: requests.Session, url: str) -> requests.Session:
    """Set a session up for `POOL_SIZE` threads, without cookies, redirects or retries.

    `requests` reads the environment (proxies, certificates) anew for each request, at the cost of the request itself;
    here that is done once. Certificates are those of the host of `url`.
    """
    found = session.merge_environment_settings(url, {}, stream=None, verify=None, cert=None)
    session.trust_env, session.verify = False, found["verify"]
    adapter = OnceAdapter()
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers["User-Agent"] = "socialpub"
    return session
