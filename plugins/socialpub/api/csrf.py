"""Writes of a browser that is logged in by cookie: proof that our own page, and no other site, made the request."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from socialpub.api.problem import Problem
from socialpub.api.threads import in_thread

if TYPE_CHECKING:
    from fastapi import Request

    from socialpub.api.resources import Resources
    from socialpub.api.roles import Principal

LIFETIME = timedelta(hours=12)
READS = ("GET", "HEAD", "OPTIONS")
# Types that no form of another site can send without asking first.
_TYPES = ("application/json", "application/offset+octet-stream")
_NEXT = "take the token from GET /backoffice/social/session and send it as X-CSRF-Token, from our own pages."


def make_csrf_token(principal: Principal, resources: Resources) -> str:
    return resources.sealer("csrf").seal({"user": principal.name}).reveal()


async def check_csrf(request: Request, principal: Principal, resources: Resources) -> None:
    """A bearer token proves it by itself: no browser adds one. Raises 403 or 415."""
    if request.method in READS or "authorization" in request.headers:
        return
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method != "DELETE" and content_type not in _TYPES:
        raise Problem(415, "json_required", "A login by cookie writes JSON only.", next_step="send application/json.")
    check_origin(request, resources, next_step=_NEXT)
    await check_token(request, principal, resources, request.headers.get("x-csrf-token", ""), next_step=_NEXT)


def check_origin(request: Request, resources: Resources, *, next_step: str) -> None:
    """Raises 403 for a request that a page of another site made."""
    origin = request.headers.get("origin")
    if origin is None or origin != _origin_of(resources.public_url()):
        raise Problem(403, "foreign_origin", "The request comes from another site.", next_step=next_step)


async def check_token(
    request: Request, principal: Principal, resources: Resources, sealed: str, *, next_step: str
) -> None:
    """Raises 403 unless the token was given to this person by `make_csrf_token`, not too long ago."""
    note = await in_thread(request, resources.sealer("csrf").open, sealed, within=LIFETIME) or {}
    if note.get("user") != principal.name:
        raise Problem(403, "csrf_token_missing", "The CSRF token is missing, over, or another's.", next_step=next_step)


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
