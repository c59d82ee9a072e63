"""The screens, in the order of the navigation."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from socialpub.api.roles import Permission
from socialpub.console import (
    audit,
    calendar,
    chain,
    drafts,
    editor,
    files,
    moves,
    now,
    pages,
    queue,
    queue_orders,
    scheduling,
)


@dataclass(frozen=True, slots=True)
class Screen:
    """`name` is its part of the address, below the LARP; whoever has `permission` sees it in the navigation."""

    name: str
    title: str
    permission: Permission
    routers: tuple[APIRouter, ...]


_DRAFTS = (drafts.router, editor.router, files.router, moves.router, scheduling.router)
SCREENS = (
    Screen("now", "Now", Permission.READ_DRAFTS, (now.router,)),
    Screen("queue", "Queue", Permission.READ_DRAFTS, (queue.router, queue_orders.router)),
    Screen("calendar", "Calendar", Permission.READ_DRAFTS, (calendar.router,)),
    Screen("drafts", "Drafts", Permission.READ_DRAFTS, _DRAFTS),
    Screen("pages", "Page", Permission.READ_DRAFTS, (pages.router,)),
    Screen("audit", "Audit", Permission.READ_DRAFTS, (audit.router, chain.router)),
)
