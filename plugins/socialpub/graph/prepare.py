"""Requests as they will be sent: URL, token, signature and body, with nothing left to compute."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import requests

from socialpub.errors import GraphFailure, InvalidPostError, TokenRefusedError
from socialpub.graph import wire
from socialpub.graph.encoding import encode_params
from socialpub.graph.interpret import Call
from socialpub.graph.media import FileBody, MediaFile, MultipartBody
from socialpub.graph.proof import sign_token
from socialpub.graph.request_log import trim_body
from socialpub.graph.settings import GraphSettings, Host
from socialpub.models.secret import Secret

NOTHING: Mapping[str, Any] = MappingProxyType({})
_TOKEN = re.compile(r"[\x21-\x7e]+")
_MIME_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)  # It becomes a header.


@dataclass(frozen=True, slots=True)
class Order:
    """One request before it is signed. `form` None means that there is no form, so the proof goes into the query.

    `path` is quoted but for the characters of `safe`. `files` are parts of a multipart form; `raw` is a file that is
    the body itself. `is_repeatable` says that sending twice leaves the Page as sending once does.
    """

    method: str
    path: str
    host: Host = Host.GRAPH
    query: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] | None = None
    files: Mapping[str, MediaFile] = field(default_factory=dict)
    raw: MediaFile | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    token_scheme: str = "Bearer"  # noqa: S105 - the word before the token
    safe: str = "/:"
    is_repeatable: bool = False


@dataclass(frozen=True, slots=True)
class PreparedCall:
    """A request that only has to be sent. It holds the token, so it is not part of the repr.

    One that carries a file can be sent once only, because its stream is read while it is sent.
    """

    call: Call
    request: requests.PreparedRequest = field(repr=False)
    host: Host = Host.GRAPH
    is_upload: bool = False
    told: Mapping[str, str] = field(default_factory=dict)
    """What the log may tell of the form."""


def prepare(order: Order, token: Secret | None, *, settings: GraphSettings, session: requests.Session) -> PreparedCall:
    """Sign and encode. Raises `TokenRefusedError` for what can be no token, `InvalidPostError` for an empty file.

    Without a token the form itself carries the app's credentials, and there is nothing to sign.
    """
    edge = quote(order.path.strip("/"), safe=order.safe)
    if token is not None:
        _require_token(edge, token)
    files = [*order.files.values(), *([order.raw] if order.raw else [])]
    _require_content(edge, files)
    proof = Secret("") if token is None else sign_token(token, settings.app_secret)
    query, form = order.query, order.form
    hidden = (value for value in (*query.values(), *(form or {}).values()) if isinstance(value, Secret))
    secrets = (*([token] if token else []), proof, settings.app_secret, *hidden)
    if token is None:
        pass
    elif form is None:
        query = {**query, "appsecret_proof": proof}
    else:  # A form keeps the proof out of the URL, and so out of every proxy's log.
        form = {**form, "appsecret_proof": proof}
    body, content_type = _encode_body(order, form)
    request = requests.Request(
        order.method,
        settings.edge_url(edge, order.host),
        params=encode_params(query),
        data=body,
        headers={**order.headers, **content_type},
        auth=wire.TokenAuth(token, order.token_scheme) if token else None,
    )
    call = Call(order.method, edge, tuple(secret.reveal() for secret in secrets), is_repeatable=order.is_repeatable)
    return PreparedCall(call, session.prepare_request(request), order.host, bool(files), trim_body(order.form))


def _encode_body(order: Order, form: Mapping[str, Any] | None) -> tuple[Any, dict[str, str]]:
    """The body and the header that names its type; `requests` names that of a plain form."""
    if order.raw:
        return FileBody(order.raw), {"Content-Type": order.raw.content_type}
    fields = None if form is None else encode_params(form)
    if order.files:
        multipart = MultipartBody(fields or {}, order.files)
        return multipart, {"Content-Type": multipart.content_type}
    return fields, {}


def _require_token(edge: str, token: Secret) -> None:
    """A malformed header would be refused by the HTTP library with the token in its text."""
    if not _TOKEN.fullmatch(token.reveal()):
        failure = GraphFailure(edge, "The stored token is empty or has characters no token has; nothing was sent.")
        raise TokenRefusedError(failure, next_step="connect the Page again.")


def _require_content(edge: str, files: list[MediaFile]) -> None:
    for file in files:
        if file.size < 1 or not _MIME_TYPE.fullmatch(file.content_type):
            fault = "is empty" if file.size < 1 else "has no MIME type"
            failure = GraphFailure(edge, f"The file “{file.name}” {fault}; nothing was sent.")
            raise InvalidPostError(failure, next_step="attach the file again and schedule the post again.")
