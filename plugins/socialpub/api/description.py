"""The API described for programs: one OpenAPI document, for whoever is logged in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from socialpub.api.auth import GuardedRoute, Principal, require_somebody

VERSION = "1.0"
WORDS = (
    "Drafts of posts from the first word to the Facebook Page. Every refusal is problem+json with a stable `code` and "
    "the next step. Version 1: fields and routes may be added, none is taken away or changed in meaning."
)
router = APIRouter(route_class=GuardedRoute, include_in_schema=False)


@router.get("/backoffice/social/openapi.json")
async def describe(request: Request, user: Annotated[Principal, Depends(require_somebody)]) -> dict[str, Any]:
    """The document."""
    described: dict[str, Any] = request.app.openapi()
    return described
