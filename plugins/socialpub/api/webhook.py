"""Facebook's webhook: the handshake, and deliveries that are stored before they are answered.

Source: Webhooks, Getting started. Facebook wants an answer at once and tries for 36 hours without one.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from socialpub.api.auth import GuardedRoute, Permission
from socialpub.api.problem import Problem, documented
from socialpub.api.resources import Resources, TheResources
from socialpub.api.threads import in_thread
from socialpub.errors import SocialpubError
from socialpub.graph.webhook import is_signed, read_events
from socialpub.services.webhook import process_events, store_events

log = logging.getLogger(__name__)

WEBHOOK = "/api/social/facebook/status"


class Stored(BaseModel):
    """How many changes were new; what was known already is left as it is."""

    stored: int = Field(examples=[1])


async def require_signature(request: Request, resources: TheResources) -> bytes:
    """The raw body, signed by our app. Anything else is refused before it is looked at."""
    body, signature = await request.body(), request.headers.get("x-hub-signature-256", "")
    if not await in_thread(request, _is_ours, resources, body, signature):
        raise Problem(
            403, "not_signed", "X-Hub-Signature-256 is not our app's over this body.",
            next_step="compare the app secret at Facebook with that of the Airflow connection facebook_app.",
        )  # fmt: skip
    return body


def _is_ours(resources: Resources, body: bytes, signature: str) -> bool:
    return is_signed(body, signature, resources.app_secret())


async def require_verify_token(
    resources: TheResources,
    mode: Annotated[str, Query(alias="hub.mode")] = "",
    token: Annotated[str, Query(alias="hub.verify_token")] = "",
) -> None:
    """Facebook names the token that an operator gave it together with this address."""
    expected = resources.settings().webhook_token
    is_right = hmac.compare_digest(expected.encode(), token.encode("utf-8", "replace"))
    if mode != "subscribe" or not expected or not is_right:
        raise Problem(
            403, "not_our_token", "hub.verify_token is not ours.",
            next_step="give Facebook the value of SOCIALPUB_WEBHOOK_TOKEN.",
        )  # fmt: skip


require_signature.permission = Permission.BE_FACEBOOK  # type: ignore[attr-defined]
require_verify_token.permission = Permission.BE_FACEBOOK  # type: ignore[attr-defined]

router = APIRouter(route_class=GuardedRoute, tags=["Webhook"])


@router.get(
    WEBHOOK,
    response_class=PlainTextResponse,
    dependencies=[Depends(require_verify_token)],
    responses=documented(),
)
async def verify_address(challenge: Annotated[str, Query(alias="hub.challenge", max_length=1000)] = "") -> str:
    """The handshake: give the challenge back."""
    return challenge


@router.post(WEBHOOK, responses=documented(400, 413))
async def receive(
    request: Request, body: Annotated[bytes, Depends(require_signature)], resources: TheResources
) -> Stored:
    """Store what Facebook reports, answer, and only then compare it with our posts."""
    stored = await in_thread(request, _store, resources, body)
    if stored:
        _process_later(request, resources)
    return Stored(stored=stored)


def _store(resources: Resources, body: bytes) -> int:
    """In a thread as a whole: a batch of a thousand changes takes a while to read, and the loop serves Airflow too."""
    try:
        events = read_events(body)
    except ValueError as error:
        raise Problem(400, "no_json", f"The delivery is no JSON: {error}.") from error
    return store_events(resources.engine, events)


def _process_later(request: Request, resources: Resources) -> None:
    """Beside the answer. What fails here is done within minutes by `verify_handed_over_posts`."""
    tasks: set[asyncio.Task[None]] = request.app.state.webhook_tasks
    if len(tasks) < 2:  # One at work and one that will see what was stored meanwhile.
        task = asyncio.create_task(_process(request, resources))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


async def _process(request: Request, resources: Resources) -> None:
    try:
        await in_thread(request, process_events, resources.engine, resources.settings().webhook)
    except SocialpubError:
        log.exception("Events of Facebook's webhook wait for the next run of verify_handed_over_posts")
