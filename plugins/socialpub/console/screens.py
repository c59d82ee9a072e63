"""The screens, in the order of the navigation."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from socialpub.api.roles import Permission
from socialpub.console import drafts, now, pages, queue, queue_orders


@dataclass(frozen=True, slots=True)
class Screen:
    """`name` is its part of the address, below the LARP; whoever has `permission` sees it in the navigation."""

    name: str
    title: str
    permission: Permission
    routers: tuple[APIRouter, ...]


SCREENS = (
    Screen("now", "Now", Permission.READ_DRAFTS, (now.router,)),
    Screen("queue", "Queue", Permission.READ_DRAFTS, (queue.router, queue_orders.router)),
    Screen("drafts", "Drafts", Permission.READ_DRAFTS, (drafts.router,)),
    Screen("pages", "Page", Permission.READ_DRAFTS, (pages.router,)),
)
