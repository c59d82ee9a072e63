"""The API described for programs: one OpenAPI document, for whoever is logged in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request

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
    return describe_app(request.app)


def describe_app(app: FastAPI) -> dict[str, Any]:
    """FastAPI's own document, with refusals as what they are: problem+json, not JSON."""
    document: dict[str, Any] = app.openapi()
    for operation in (one for operations in document["paths"].values() for one in operations.values()):
        for status, answer in operation["responses"].items():
            if status >= "4":
                content = answer["content"]
                answer["content"] = {"application/problem+json": content.popitem()[1]}
    return document
