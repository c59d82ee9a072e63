"""Roles of people in a LARP, and what each may do. The one table that routes, tests and documentation read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

ALL_LARPS = "*"


class Role(StrEnum):
    """A Draft Owner is not among them: that is whoever wrote the draft and still has a role in its LARP."""

    EVENT_EDITOR = "event_editor"
    MARKETING_COORDINATOR = "marketing_coordinator"
    SOCIAL_APPROVER = "social_approver"
    ADMIN = "admin"


class Permission(StrEnum):
    """What a route asks for."""

    SEE_PAGES = "see_pages"
    """Of Airflow's own logins, by what they may do with Airflow connections."""
    MANAGE_PAGES = "manage_pages"
    READ_DRAFTS = "read_drafts"
    WRITE_DRAFTS = "write_drafts"
    SUBMIT_OWN_DRAFTS = "submit_own_drafts"
    """Whether the draft is one's own is asked once it is read (`Principal.may_submit`)."""
    DECIDE_ON_DRAFTS = "decide_on_drafts"
    SCHEDULE_DRAFTS = "schedule_drafts"
    PUBLISH_NOW = "publish_now"
    CANCEL_DRAFTS = "cancel_drafts"
    READ_METRICS = "read_metrics"
    """Prometheus's alone: no login has it (socialpub.api.metrics)."""
    BE_SOMEBODY = "be_somebody"
    """Any login."""
    BE_FACEBOOK = "be_facebook"
    """No login; Facebook proves itself, by its signature or by the token we gave it."""


ROLES: Mapping[Permission, frozenset[Role]] = {
    Permission.READ_DRAFTS: frozenset(Role),
    Permission.WRITE_DRAFTS: frozenset({Role.MARKETING_COORDINATOR, Role.ADMIN}),
    Permission.SUBMIT_OWN_DRAFTS: frozenset(Role),
    Permission.DECIDE_ON_DRAFTS: frozenset({Role.SOCIAL_APPROVER, Role.ADMIN}),
    Permission.SCHEDULE_DRAFTS: frozenset({Role.MARKETING_COORDINATOR, Role.ADMIN}),
    Permission.PUBLISH_NOW: frozenset({Role.SOCIAL_APPROVER, Role.ADMIN}),
    Permission.CANCEL_DRAFTS: frozenset({Role.ADMIN}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, by the name that the audit log shows, with roles by LARP (`ALL_LARPS` for every one)."""

    name: str
    roles: Mapping[str, frozenset[Role]] = field(default_factory=dict)

    def roles_in(self, larp_id: UUID) -> frozenset[Role]:
        """Empty: for this person the LARP does not exist."""
        return self.roles.get(str(larp_id), frozenset()) | self.roles.get(ALL_LARPS, frozenset())

    def may(self, permission: Permission, larp_id: UUID) -> bool:
        return not ROLES[permission].isdisjoint(self.roles_in(larp_id))

    def may_submit(self, author: str, larp_id: UUID) -> bool:
        """The Draft Owner may, and an Admin."""
        return author == self.name or Role.ADMIN in self.roles_in(larp_id)
