"""The ways a faulty answer can look on the wire. Each is a small value that knows how to send itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from graph_sandbox.errors import OAUTH, GraphFault
from graph_sandbox.exchange import Answer, Exchange, refusal
from graph_sandbox.fault_rules import FaultRule
from graph_sandbox.paging import empty_page_with_next
from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World
from graph_sandbox.usage import USED_UP, Headers, page_usage_header, usage_header

HTML_TYPE = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Incident:
    """A fault striking: the world, the rule, the request, and the true answer where the request was carried out."""

    world: World
    rule: FaultRule
    request: GraphRequest
    answer: Answer


class Reply(Protocol):
    """What a fault mode answers."""

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Answer, or end the connection."""


async def wait_as_scripted(incident: Incident) -> None:
    """Wait the rule's `delay_seconds`."""
    if incident.rule.delay_seconds:
        await asyncio.sleep(incident.rule.delay_seconds)


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An error envelope. `usage` adds the headers of a used-up quota: the app's, or the Page's."""

    code: int
    message: str
    status: int = 400
    subcode: int | None = None
    error_type: str = OAUTH
    is_transient: bool | None = None
    usage: str | None = None

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Send the envelope, with what the rule replaces in it."""
        await wait_as_scripted(incident)
        rule = incident.rule
        fault = GraphFault(
            self.code if rule.code is None else rule.code,
            rule.error_message or self.message,
            subcode=self.subcode if rule.subcode is None else rule.subcode,
            error_type=self.error_type,
            status=rule.status or self.status,
            is_transient=self.is_transient,
        )
        await exchange.send_answer(refusal(fault, self._usage_headers(incident)))

    def _usage_headers(self, incident: Incident) -> Headers:
        minutes = incident.rule.regain_minutes
        headers: Headers = (usage_header(USED_UP),) if self.usage == "app" else ()
        if self.usage == "page" or minutes is not None:
            regain = 5 if minutes is None else minutes
            headers += (page_usage_header(incident.request.page_id or "0", {**USED_UP, "regain_minutes": regain}),)
        return headers


@dataclass(frozen=True, slots=True)
class RawReply:
    """A body that is no answer of the API at all."""

    status: int
    content_type: str
    body: bytes

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Send the body."""
        await wait_as_scripted(incident)
        await exchange.send_raw(incident.rule.status or self.status, self.content_type, self.body)


@dataclass(frozen=True, slots=True)
class TruncatedReply:
    """Half of the true answer, as if it were whole."""

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Send half a JSON text."""
        await wait_as_scripted(incident)
        body = incident.answer.body
        await exchange.send_raw(200, "application/json; charset=UTF-8", body[: len(body) // 2])


@dataclass(frozen=True, slots=True)
class CutReply:
    """Half of the true answer, then the connection breaks."""

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Announce a whole body, send half of it, close."""
        await wait_as_scripted(incident)
        body = incident.answer.body
        half = body[: len(body) // 2]
        await exchange.send_raw(200, "application/json; charset=UTF-8", half, declared_length=len(body))
        await exchange.close()


@dataclass(frozen=True, slots=True)
class ResetReply:
    """No answer; the connection is reset."""

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Reset."""
        await wait_as_scripted(incident)
        await exchange.reset()


@dataclass(frozen=True, slots=True)
class CloseReply:
    """No answer; the connection is closed politely."""

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Close."""
        await wait_as_scripted(incident)
        await exchange.close()


@dataclass(frozen=True, slots=True)
class HangReply:
    """No answer for `delay_seconds`, then a reset; without a delay, until the client gives up."""

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Hang."""
        if incident.rule.delay_seconds is None:
            await exchange.wait_until_client_leaves()
            return
        await exchange.wait_until_client_leaves(timeout=incident.rule.delay_seconds)
        await exchange.reset()


@dataclass(frozen=True, slots=True)
class SlowReply:
    """The true answer, late."""

    default_seconds: float = 1.0

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Wait, then answer."""
        delay = incident.rule.delay_seconds
        await asyncio.sleep(self.default_seconds if delay is None else delay)
        await exchange.send_answer(incident.answer)


@dataclass(frozen=True, slots=True)
class EmptyPageReply:
    """An empty page of a list; with `next` when there `has_next`, else as if there were nothing at all."""

    has_next: bool

    async def send_to(self, exchange: Exchange, incident: Incident) -> None:
        """Send the empty page."""
        await wait_as_scripted(incident)
        value = empty_page_with_next(incident.request) if self.has_next else {"data": []}
        await exchange.send_answer(Answer(200, value))
