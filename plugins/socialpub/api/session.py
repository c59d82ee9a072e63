"""Who one is here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from socialpub.api.auth import GuardedRoute, Principal, require_somebody
from socialpub.api.csrf import make_csrf_token
from socialpub.api.problem import documented
from socialpub.api.resources import TheResources
from socialpub.api.threads import in_thread

router = APIRouter(route_class=GuardedRoute, tags=["Session"])


class SessionAnswer(BaseModel):
    """The login, and what a browser needs to write with it."""

    name: str = Field(examples=["anna@larp.example"], description="As rows and the audit log name the person.")
    roles: dict[str, list[str]] = Field(
        examples=[{"*": ["event_editor"]}], description="Roles by the LARP's id; `*` is every LARP."
    )
    csrf_token: str = Field(description="For X-CSRF-Token, where a cookie is the login. Good for 12 hours.")


@router.get("/backoffice/social/session", responses=documented())
async def show_session(
    request: Request, user: Annotated[Principal, Depends(require_somebody)], resources: TheResources
) -> SessionAnswer:
    """The present login."""
    token = await in_thread(request, make_csrf_token, user, resources)
    roles = {larp: sorted(role.value for role in roles) for larp, roles in user.roles.items() if roles}
    return SessionAnswer(name=user.name, roles=roles, csrf_token=token)
