"""The `facebook` log channel: one line a request, with whom it was for, what was sent and what came back.

Bodies are trimmed to what is neither content nor secret: of other fields only their size is told. Secrets are masked
here, before a line is made; nothing relies on a later mask.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from socialpub.errors import GraphError
from socialpub.graph.interpret import Call
from socialpub.graph.redaction import clean_text
from socialpub.graph.usage import Usage

log = logging.getLogger("facebook")

_NOBODY: Mapping[str, str] = MappingProxyType({})
_subject: ContextVar[Mapping[str, str]] = ContextVar("subject", default=_NOBODY)
# Ids, instants and flags, by the names that Graph gives them. All else may be what somebody wrote, or a token.
_TOLD = frozenset(
    [
        "id",
        "post_id",
        "video_id",
        "permalink_url",
        "created_time",
        "success",
        "published",
        "scheduled_publish_time",
        "attached_media",
        "unpublished_content_type",
        "temporary",
        "upload_phase",
        "upload_session_id",
        "start_offset",
        "end_offset",
        "file_offset",
        "file_size",
        "is_published",
        "status",
    ]
)
_LONGEST_VALUE = 120


@contextmanager
def about(**subject: str) -> Iterator[None]:
    """Every line of this thread until the end names these: post, attempt, run."""
    token = _subject.set({**_subject.get(), **subject})
    try:
        yield
    finally:
        _subject.reset(token)


def trim_body(body: Mapping[str, Any] | None) -> dict[str, str]:
    """What may be told of a body: the value of a harmless field, the size of any other."""
    return {
        name: str(value)[:_LONGEST_VALUE] if name in _TOLD else f"({_size(value)})"
        for name, value in (body or {}).items()
        if name != "appsecret_proof"
    }


def _size(value: Any) -> int:  # noqa: ANN401 - a value of any form or answer
    return len(value) if isinstance(value, (str, bytes, list, tuple, dict)) else len(str(value))


@dataclass(frozen=True, slots=True)
class Success:
    """What a success tells the log."""

    http_status: int
    fbtrace_id: str | None
    body: Mapping[str, Any] = field(repr=False)


def log_request(
    call: Call,
    outcome: GraphError | Success,
    usage: Usage,
    *,
    seconds: float,
    sent: Mapping[str, str],
    is_json: bool,
) -> None:
    """One line. `sent` is what `trim_body` leaves of the form."""
    if not log.isEnabledFor(logging.INFO):
        return
    facts: dict[str, Any] = {
        "method": call.method,
        "edge": clean_text(call.edge, secrets=call.secrets),
        **_tell_outcome(call, outcome),
        "usage_percent": usage.highest_percent,
        "ms": round(seconds * 1000),
        "sent": _cleaned(sent, call),
        **_subject.get(),
    }
    log.info("%s", json.dumps(facts, ensure_ascii=False) if is_json else _write_line(facts))


def _tell_outcome(call: Call, outcome: GraphError | Success) -> dict[str, Any]:
    if isinstance(outcome, Success):
        got = _cleaned(trim_body(outcome.body), call)
        return {
            "status": outcome.http_status,
            "code": "none",
            "fbtrace_id": outcome.fbtrace_id,
            "error": None,
            "got": got,
        }
    failure = outcome.failure
    return {
        "status": failure.http_status,
        "code": f"{failure.code}/{failure.subcode}",
        "fbtrace_id": failure.fbtrace_id,
        "error": f"{type(outcome).__name__}: {failure.message}",
        "got": "",
    }


def _cleaned(fields: Mapping[str, str], call: Call) -> str:
    """Both masked and in one line; "" where there is nothing to tell."""
    told = " ".join(f"{name}{value}" if value[:1] == "(" else f"{name}={value}" for name, value in fields.items())
    return clean_text(told, secrets=call.secrets) if told else ""


def _write_line(facts: Mapping[str, Any]) -> str:
    words = f", {facts['error']}" if facts["error"] else ""
    bodies = "".join(f", {name} {facts[name]}" for name in ("sent", "got") if facts[name])
    subject = "".join(f", {name} {facts[name]}" for name in ("post", "attempt", "run") if name in facts)
    return (
        f"{facts['method']} {facts['edge']}: HTTP {facts['status']}, code {facts['code']},"
        f" fbtrace_id {facts['fbtrace_id']}, usage {facts['usage_percent']} %, {facts['ms']} ms{words}{bodies}{subject}"
    )
