"""The Resumable Upload API: bytes go up under the app, and a handle takes them to a Page.

It needs a *user* access token, of a person with a role on the app; whether a Page's works is not documented. The token
travels in the header under the scheme `OAuth`. Source: Graph API, Resumable Upload API.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import parse_qsl

from socialpub.graph.answers import unusable_answer
from socialpub.graph.client import GraphClient
from socialpub.graph.media import MediaFile
from socialpub.graph.offsets import parse_offset
from socialpub.graph.page_post import parse_text
from socialpub.graph.prepare import Order
from socialpub.models.secret import Secret

_OAUTH = "OAuth"
# An id is a path, and may carry a signature as its query. Without dots and percent signs it can't lead elsewhere.
_SESSION_ID = re.compile(r"upload:[A-Za-z0-9+/_=:~-]+(\?sig=[A-Za-z0-9_~-]+)?")


def open_upload(client: GraphClient, user_token: Secret, *, file_name: str, file_length: int, file_type: str) -> str:
    """Announce a file of `file_length` bytes and MIME type `file_type`; returns the id of the session. May be repeated.

    Raises a `GraphError`; whatever is unclear is a `TryAgainError`.
    """
    form = {"file_name": file_name, "file_length": file_length, "file_type": file_type}
    order = Order("POST", f"{client.settings.app_id}/uploads", form=form, token_scheme=_OAUTH, is_repeatable=True)
    prepared = client.prepare(order, user_token)
    response = client.send(prepared)
    session_id = parse_text(response.body.get("id"))
    if not session_id or not _SESSION_ID.fullmatch(session_id):
        raise unusable_answer(prepared.call, "The answer holds no upload session.", response)
    return session_id


def send_bytes(client: GraphClient, user_token: Secret, session_id: str, file: MediaFile, *, offset: int = 0) -> str:
    """Send the file from byte `offset` to its end, in one request, and return the handle to publish it by.

    `file` stands at that byte, and its size is what is left. After a `TryAgainError`, ask `read_offset` where to go on;
    when nothing is left, nothing is sent but the question for the handle.
    """
    order = replace(_order("POST", session_id), headers={"file_offset": str(offset)})
    prepared = client.prepare(replace(order, raw=file) if file.size else order, user_token)
    response = client.send(prepared)
    handle = response.body.get("h")  # Taken as it is: a handle may hold line ends.
    if not isinstance(handle, str) or not handle:
        raise unusable_answer(prepared.call, "The answer holds no handle.", response)
    return handle


def read_offset(client: GraphClient, user_token: Secret, session_id: str) -> int:
    """How many bytes of the file Facebook has. Raises a `GraphError`."""
    prepared = client.prepare(_order("GET", session_id), user_token)
    response = client.send(prepared)
    offset = parse_offset(response.body.get("file_offset"))
    if offset is None:
        raise unusable_answer(prepared.call, "The answer does not say how many bytes arrived.", response)
    return offset


def _order(method: str, session_id: str) -> Order:
    path, _, signature = session_id.partition("?")
    query = {name: Secret(value) for name, value in parse_qsl(signature)}
    return Order(method, path, query=query, token_scheme=_OAUTH, safe="/:=+~", is_repeatable=True)
