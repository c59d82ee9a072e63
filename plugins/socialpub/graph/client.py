"""Calls to the Graph API: one request each, one answer or one error."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from socialpub.errors import ConfigurationError, GraphError
from socialpub.graph import wire
from socialpub.graph.interpret import Answer, Call, interpret_answer, interpret_broken_file, interpret_exception
from socialpub.graph.latency import LATENCIES
from socialpub.graph.media import BrokenFileError
from socialpub.graph.network import AnswerTooLongError, AnswerTooSlowError
from socialpub.graph.prepare import NOTHING, Order, PreparedCall, prepare
from socialpub.graph.redaction import clean_text, redact_urllib3_logs
from socialpub.graph.request_log import Success, log_request
from socialpub.graph.settings import GraphSettings, Host, app_token
from socialpub.graph.usage import Usage, read_usage
from socialpub.models.secret import Secret

__all__ = ["GraphClient", "GraphResponse", "OnAnswer", "Order", "PreparedCall", "app_token", "go_on"]

log = logging.getLogger("facebook")

OnAnswer = Callable[[], None]
"""Called when a request has its answer or has failed, before any time is spent on what it says."""

LONGEST_ANSWER = 1_000_000  # bytes, unpacked
_PIECE = 16_384
_NETWORK_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    AnswerTooLongError,
    AnswerTooSlowError,
)


def go_on() -> None:
    """The `OnAnswer` of a request that has nobody to let pass."""


@dataclass(frozen=True, slots=True)
class GraphResponse:
    """A success. `body` may hold tokens and content, so it is not part of the repr; `duration_s` is in seconds."""

    body: dict[str, Any] = field(repr=False)
    usage: Usage
    fbtrace_id: str | None
    http_status: int
    duration_s: float


class GraphClient:
    """Talks to Facebook as one app. Safe to share between threads; nothing is ever sent twice.

    Every method that sends raises a `GraphError` when there is no success: see `socialpub.errors` for what each asks
    for. `now` gives the instant that waits are counted from. Proxies and certificates of the environment are read once.
    """

    def __init__(
        self,
        settings: GraphSettings,
        *,
        session: requests.Session | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Raise `ConfigurationError` when a host of the settings is no URL."""
        session = session or requests.Session()
        for host in Host:
            _require_url(host, settings.host_url(host))
        self.settings = settings
        self._proxies = {host: wire.read_proxies(session, settings.host_url(host)) for host in Host}
        self._session = session
        self._adapter = wire.prepare_session(session, settings.graph_url)
        self._verify = True if session.verify is None else session.verify
        self._now = now
        self._version_lock = threading.Lock()
        self._is_version_reported = False
        redact_urllib3_logs()

    def get(self, path: str, *, token: Secret, params: Mapping[str, Any] = NOTHING) -> GraphResponse:
        """Read a node or edge. Whatever is unclear is a `TryAgainError`."""
        return self.send(self.prepare(Order("GET", path, query=params), token))

    def post(
        self, path: str, *, token: Secret, data: Mapping[str, Any] = NOTHING, params: Mapping[str, Any] = NOTHING
    ) -> GraphResponse:
        """Write, with `data` as the form and `params` in the query. Whatever is unclear is `OutcomeUnknownError`."""
        return self.send(self.prepare_post(path, token=token, data=data, params=params))

    def prepare_post(
        self, path: str, *, token: Secret, data: Mapping[str, Any] = NOTHING, params: Mapping[str, Any] = NOTHING
    ) -> PreparedCall:
        """The same write, ready for `send`: nothing is left to compute at its second. Raises `TokenRefusedError`."""
        return self.prepare(Order("POST", path, query=params, form=data), token)

    def exchange(self, path: str, *, data: Mapping[str, Any]) -> GraphResponse:
        """Write without a token: the form itself carries the app's credentials. Unclear: `OutcomeUnknownError`."""
        return self.send(self.prepare(Order("POST", path, form=data), None))

    def delete(self, path: str, *, token: Secret) -> GraphResponse:
        """Delete a node. Whatever is unclear is an `OutcomeUnknownError`; `nodes.delete_node` may be repeated."""
        return self.send(self.prepare(Order("DELETE", path), token))

    def prepare(self, order: Order, token: Secret | None) -> PreparedCall:
        """Any request, ready for `send`. Raises `TokenRefusedError`, and `InvalidPostError` for an empty file."""
        return prepare(order, token, settings=self.settings, session=self._session)

    def connect_ahead(self) -> None:
        """Open this thread's connection to the Graph host, so that a request which is due soon need not wait for it.

        A connection that can't be had is no trouble yet: the request tries again, and tells.
        """
        if self._proxies[Host.GRAPH]:
            return
        address = requests.Request("GET", self.settings.graph_url).prepare()
        with contextlib.suppress(*_NETWORK_ERRORS):
            self._adapter.connect_ahead(address, timeout=self.settings.connect_timeout, verify=self._verify)

    def send(self, prepared: PreparedCall, on_answer: OnAnswer = go_on) -> GraphResponse:
        """Send what was prepared, once."""
        started = time.monotonic()
        answer = self._exchange(prepared)
        seconds = time.monotonic() - started
        on_answer()
        usage = read_usage(answer.headers) if isinstance(answer, Answer) else Usage()
        outcome = self._interpret(prepared.call, answer, usage, seconds)
        self._report(prepared, outcome, usage, seconds)
        # Raised here, outside any `except`, so that no traceback shows the URL in the text of a network exception.
        if isinstance(outcome, GraphError):
            raise outcome
        return outcome

    def _report(
        self, prepared: PreparedCall, outcome: GraphResponse | GraphError, usage: Usage, seconds: float
    ) -> None:
        error = outcome if isinstance(outcome, GraphError) else None
        LATENCIES.observe(prepared.call.edge, error, seconds)
        told: GraphError | Success = outcome if isinstance(outcome, GraphError) else _tell(outcome)
        log_request(prepared.call, told, usage, seconds=seconds, sent=prepared.told, is_json=self.settings.is_log_json)

    def _exchange(self, prepared: PreparedCall) -> Answer | GraphError:
        wire.start_request(write_timeout=self.settings.upload_timeout if prepared.is_upload else None)
        try:
            return self._transfer(prepared)
        except BrokenFileError as error:
            return interpret_broken_file(prepared.call, error)
        except _NETWORK_ERRORS as error:
            return interpret_exception(prepared.call, error, is_unsent=wire.is_surely_unsent())

    def _interpret(
        self, call: Call, answer: Answer | GraphError, usage: Usage, duration_s: float
    ) -> GraphResponse | GraphError:
        if isinstance(answer, GraphError):
            return answer
        self._compare_version(answer.headers.get("facebook-api-version"))
        body = interpret_answer(call, answer, usage, now=self._now())
        if isinstance(body, GraphError):
            return body
        trace_id = clean_text(answer.trace_id, secrets=call.secrets)[:100] if answer.trace_id else None
        return GraphResponse(body, usage, trace_id, answer.status, duration_s)

    def _transfer(self, prepared: PreparedCall) -> Answer:
        patience = self.settings.upload_timeout if prepared.is_upload else self.settings.read_timeout
        # Not by the session: it would look for redirects and cookies, and at the environment, for each request anew.
        with self._adapter.send(
            prepared.request,
            timeout=(self.settings.connect_timeout, patience),
            stream=True,
            verify=self._verify,
            proxies=self._proxies[prepared.host],
        ) as response:
            return Answer(response.status_code, response.headers, _read_body(response, patience))

    def _compare_version(self, served: str | None) -> None:
        if not served or served == self.settings.version:
            return
        with self._version_lock:
            is_first, self._is_version_reported = not self._is_version_reported, True
        if is_first:
            log.warning("Facebook served version %s instead of %s", clean_text(served)[:20], self.settings.version)


def _read_body(response: requests.Response, patience: float) -> bytes:
    deadline = time.monotonic() + patience
    pieces, size = [], 0
    while piece := response.raw.read1(_PIECE, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > LONGEST_ANSWER:
            raise AnswerTooLongError
        if time.monotonic() > deadline:
            raise AnswerTooSlowError
    return b"".join(pieces)


def _tell(response: GraphResponse) -> Success:
    return Success(response.http_status, response.fbtrace_id, response.body)


def _require_url(host: Host, url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"The {host} is not an http(s) URL.", next_step=f"correct {host} in the Airflow connection of the app."
        )
