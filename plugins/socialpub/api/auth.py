"""Who asks, and whether they may. A route without a rule can't be mounted (`GuardedRoute`)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, cast

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, HTTPException, Request
from fastapi.routing import APIRoute

from socialpub.api.threads import in_thread


class Permission(StrEnum):
    """What a route asks for. Airflow's own logins have them by what they may do with Airflow connections."""

    SEE_PAGES = "see_pages"
    MANAGE_PAGES = "manage_pages"
    READ_METRICS = "read_metrics"
    """Prometheus's alone: no login has it (socialpub.api.metrics)."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, by the name that the audit log shows."""

    name: str


Rule = Callable[..., Awaitable[Principal]]
AirflowUser = Annotated[BaseUser, Depends(get_user)]


def require(permission: Permission) -> Rule:
    """A dependency that gives the principal, or answers 401 (nobody logged in) or 403 (not allowed)."""

    async def check(request: Request, user: AirflowUser) -> Principal:
        if not await in_thread(request, _is_allowed, user, permission):
            raise HTTPException(403, "Your Airflow login may not do this. Next: ask an Airflow admin.")
        return Principal(f"airflow:{user.get_name()}")

    check.permission = permission  # type: ignore[attr-defined]
    return check


def _is_allowed(user: BaseUser, permission: Permission) -> bool:
    """A Page's token is a secret like that of an Airflow connection, so the same people look after both."""
    method: ResourceMethod = "GET" if permission is Permission.SEE_PAGES else "POST"
    return get_auth_manager().is_authorized_connection(method=method, user=user)


class GuardedRoute(APIRoute):
    """A route that asks for a permission. One that does not is a mistake, found before the app starts."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **kwargs: Any) -> None:  # noqa: ANN401 - FastAPI's own
        super().__init__(path, endpoint, **kwargs)
        if self.permission is None:
            raise TypeError(f"Route {path} asks for no permission. Next: give it Depends(require(…)).")

    @property
    def permission(self) -> Permission | None:
        """What the route asks for, by its own dependencies or its router's."""
        calls = [dependency.call for dependency in self.dependant.dependencies]
        found = [getattr(call, "permission", None) for call in calls]
        return cast("Permission | None", next((permission for permission in found if permission), None))
