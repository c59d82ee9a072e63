"""Who looks at what: the person, the LARP, what they may, and the form they sent. Every screen begins with one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from fastapi import Depends, Request
from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect

from socialpub.api.auth import (
    OF_PAGES,
    AirflowUser,
    check_roles,
    find_principal,
    may_with_connections,
    not_allowed_here,
    unknown_larp,
)
from socialpub.api.csrf import READS, check_origin, check_token, make_csrf_token
from socialpub.api.draft_calls import make_caller
from socialpub.api.problem import Problem
from socialpub.api.resources import Resources, TheResources
from socialpub.api.roles import ALL_LARPS, Permission, Principal
from socialpub.api.threads import in_thread
from socialpub.console.message import Message, read_message
from socialpub.services.drafts.desk import Caller
from socialpub.services.drafts.local_time import read_zone
from socialpub.services.larps import LarpName, list_larps

LARP = "/larp/{larp_id}"
_AGAIN = "open the page again and repeat it there."
_FORM_BYTES = 4 << 20  # A text of 63,000 characters, each percent-encoded, and much to spare.

Person = Annotated[Principal, Depends(find_principal)]
Rule = Callable[..., Awaitable["Visit"]]


@dataclass(frozen=True)
class Visit:
    """One request for a screen of one LARP. `form` is empty but for a POST."""

    principal: Principal
    user: BaseUser | None = field(repr=False)
    larp: LarpName
    larps: tuple[LarpName, ...]
    """Those in which the person has a role, by title."""
    manages_pages: bool
    resources: Resources = field(repr=False)
    caller: Caller
    form: FormData = field(repr=False)
    root: str
    """Where the console is mounted."""
    csrf: str = field(repr=False)
    message: Message | None

    @cached_property
    def zone(self) -> ZoneInfo:
        """The LARP's; times are shown in it."""
        return read_zone(self.larp.time_zone)

    def may(self, permission: Permission) -> bool:
        """Whether to offer it; the route behind it asks again."""
        if permission in OF_PAGES:
            return self.manages_pages
        return self.principal.may(permission, self.larp.id)

    def reach(self, permission: Permission, *, is_everywhere: bool) -> list[UUID]:
        """The LARPs in which the person may do it: all of theirs, or of this one alone."""
        larps = self.larps if is_everywhere else (self.larp,)
        if permission in OF_PAGES:
            return [larp.id for larp in larps if self.manages_pages]
        return [larp.id for larp in larps if self.principal.may(permission, larp.id)]

    def url(self, *parts: object) -> str:
        """The address of something in this LARP: `visit.url("drafts", draft_id, "edit")`."""
        return self.url_in(self.larp.id, *parts)

    def url_in(self, larp_id: UUID, *parts: object) -> str:
        """The same in another one; whether the person may go there is asked there."""
        return "/".join([self.root, "larp", str(larp_id), *map(str, parts)])

    def text(self, name: str) -> str:
        """A field of the form, with line breaks as one character; "" where it is missing or a file."""
        value = self.form.get(name, "")
        return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def enter(permission: Permission, *, form_bytes: Callable[[Resources], int] = lambda _: _FORM_BYTES) -> Rule:
    """A dependency that gives the visit, or answers 401, 403, 404 as the API does. A POST has to be a form of ours.

    `form_bytes` is how long a form may be.
    """

    async def check(
        request: Request, larp_id: UUID, principal: Person, user: AirflowUser, resources: TheResources
    ) -> Visit:
        manages_pages = user is not None and await in_thread(
            request, may_with_connections, user, Permission.MANAGE_PAGES
        )
        if permission not in OF_PAGES:
            check_roles(principal, permission, larp_id)
        elif not principal.roles_in(larp_id):
            raise unknown_larp()
        elif not manages_pages:
            raise not_allowed_here()
        form = await read_form(request, principal, resources, most_bytes=form_bytes(resources))

        def open_visit() -> Visit:
            larps = list_larps(resources.engine, *_ids(principal))
            larp = next((one for one in larps if one.id == larp_id), None)
            if larp is None:
                raise unknown_larp()
            return Visit(
                principal, user, larp, larps, manages_pages, resources, make_caller(request, principal.name), form,
                root_of(request), make_csrf_token(principal, resources), read_message(request, resources),
            )  # fmt: skip

        request.state.visit = await in_thread(request, open_visit)
        return cast("Visit", request.state.visit)

    rule: Any = check
    rule.permission = permission
    return cast("Rule", rule)


async def read_form(
    request: Request, principal: Principal, resources: Resources, *, most_bytes: int = _FORM_BYTES
) -> FormData:
    """The form that a page of ours sent for this person; empty where nothing is written. Raises 403, 411 or 413.

    The other site and the length are found before a byte of it is read.
    """
    if request.method in READS:
        return FormData()
    # Airflow under another name than its configured one is another site, too.
    check_origin(request, resources, next_step=f"open {resources.public_url()}/console/ and repeat it there.")
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Problem(411, "length_required", "The form does not say how long it is.", next_step=_AGAIN)
    if int(length) > most_bytes:
        raise Problem(
            413, "too_large", f"The form has {length} bytes, more than the {most_bytes} that are taken.",
            next_step="send less.",
        )  # fmt: skip
    try:
        form = await request.form(max_files=10, max_part_size=_FORM_BYTES)
    except ClientDisconnect as error:  # Somebody went on before it was all here, as from a preview.
        raise Problem(400, "form_broken_off", "The form broke off.", next_step=_AGAIN) from error
    sealed = request.headers.get("x-csrf-token") or form.get("csrf", "")
    await check_token(request, principal, resources, str(sealed), next_step=_AGAIN)
    return form


def root_of(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


def _ids(principal: Principal) -> tuple[list[UUID] | None]:
    if principal.roles.get(ALL_LARPS):
        return (None,)
    return ([UUID(larp) for larp, roles in principal.roles.items() if roles and larp != ALL_LARPS],)


def list_larps_of(resources: Resources, principal: Principal) -> tuple[LarpName, ...]:
    return list_larps(resources.engine, *_ids(principal))
