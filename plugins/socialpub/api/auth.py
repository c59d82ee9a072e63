"""Who asks, and whether they may. A route without a rule can't be mounted (`GuardedRoute`).

Two ways in: Airflow's own login (cookie or token), and a token that the backoffice signed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, cast
from uuid import UUID

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, Request
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from socialpub.api.csrf import check_csrf
from socialpub.api.problem import Problem
from socialpub.api.resources import Resources, TheResources
from socialpub.api.roles import ALL_LARPS, Permission, Principal, Role
from socialpub.api.threads import in_thread
from socialpub.api.tokens import TokenRefusedHereError, is_ours, read_token
from socialpub.errors import ConfigurationError
from socialpub.settings import Settings

__all__ = ["GuardedRoute", "Permission", "Principal", "find_principal", "read_airflow_user", "require"]

OF_PAGES = (Permission.SEE_PAGES, Permission.MANAGE_PAGES)
"""What Airflow's own rights decide, not roles in a LARP."""
Rule = Callable[..., Awaitable[Principal]]
Credentials = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(auto_error=False, description="A token of Airflow, or one that the backoffice signed.")),
]


async def read_airflow_user(request: Request, credentials: Credentials, resources: TheResources) -> BaseUser | None:
    """None when a token of the backoffice speaks for the person. Raises 401 without any login."""
    if credentials and is_ours(credentials.credentials, resources.settings().tokens):
        return None
    return await get_user(request, None, credentials)


AirflowUser = Annotated[BaseUser | None, Depends(read_airflow_user)]


async def find_principal(
    request: Request, credentials: Credentials, user: AirflowUser, resources: TheResources
) -> Principal:
    """Whoever is logged in, with their roles."""
    if user is not None:
        return await in_thread(request, _describe_airflow_user, user, resources.settings())
    assert credentials is not None, "without a token Airflow's login was asked"
    return await in_thread(request, _open_token, credentials.credentials, resources)


def _open_token(token: str, resources: Resources) -> Principal:
    try:
        bearer = read_token(token, resources.settings().tokens, resources.keys)
    except TokenRefusedHereError as error:
        raise Problem(401, "token_refused", str(error), next_step="get a new token from the backoffice.") from error
    if resources.is_revoked(bearer.token_id):
        raise Problem(401, "token_revoked", "The token was taken back.", next_step="log in to the backoffice again.")
    return bearer.principal


def _describe_airflow_user(user: BaseUser, settings: Settings) -> Principal:
    """Whoever may write Airflow connections, and so sees every token there, is Admin of all LARPs."""
    name, roles = user.get_name(), dict[str, frozenset[Role]]()
    if get_auth_manager().is_authorized_connection(method="POST", user=user):
        roles[ALL_LARPS] = frozenset({Role.ADMIN})
    for login, role, larp in settings.airflow_roles:
        if login == name:
            roles[larp] = roles.get(larp, frozenset()) | {_read_role(role)}
    return Principal(name_person(user, settings), roles)


def name_person(user: BaseUser, settings: Settings) -> str:
    """As the backoffice knows the person, where the settings tell; else by the login, which names the door as well."""
    login = user.get_name()
    return settings.airflow_people.get(login, f"airflow:{login}")


def _read_role(name: str) -> Role:
    try:
        return Role(name)
    except ValueError as error:
        raise ConfigurationError(
            f"SOCIALPUB_AIRFLOW_ROLES names the role “{name}”.", next_step=f"use one of {', '.join(Role)}."
        ) from error


def require(permission: Permission) -> Rule:
    """A dependency that gives the principal, or answers 401 (nobody logged in), 403 (not allowed) or 404.

    404 is for LARPs in which the person has no role: for them it does not exist.
    """

    async def check_pages(request: Request, user: AirflowUser, resources: TheResources) -> Principal:
        if user is None or not await in_thread(request, may_with_connections, user, permission):
            raise not_allowed_here()
        return Principal(name_person(user, resources.settings()))

    async def check_larp(
        request: Request, larp_id: UUID, principal: Annotated[Principal, Depends(find_principal)],
        resources: TheResources,
    ) -> Principal:  # fmt: skip
        check_roles(principal, permission, larp_id)
        await check_csrf(request, principal, resources)
        return principal

    check: Any = check_pages if permission in OF_PAGES else check_larp
    check.permission = permission
    return cast("Rule", check)


def check_roles(principal: Principal, permission: Permission, larp_id: UUID) -> None:
    """Raises 404 for somebody without a role in the LARP, 403 for somebody without the right one."""
    if not principal.roles_in(larp_id):
        raise unknown_larp()
    if not principal.may(permission, larp_id):
        raise Problem(
            403, "not_allowed", f"Your roles in this LARP do not allow this ({permission}).",
            next_step="ask somebody with the right role, or have it given to you.",
        )  # fmt: skip


async def require_somebody(principal: Annotated[Principal, Depends(find_principal)]) -> Principal:
    """Any login; for what concerns the person alone."""
    return principal


require_somebody.permission = Permission.BE_SOMEBODY  # type: ignore[attr-defined]


def unknown_larp() -> Problem:
    """The same words whether it does not exist or is somebody else's."""
    return Problem(
        404, "unknown_larp", "There is no such LARP, or you have no role in it.",
        next_step="check the id, or have a role given to you.",
    )  # fmt: skip


def not_allowed_here() -> Problem:
    return Problem(403, "not_allowed", "Your Airflow login may not do this.", next_step="ask an Airflow admin.")


def may_with_connections(user: BaseUser, permission: Permission) -> bool:
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
