"""The screens, in the order of the navigation."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from socialpub.api.roles import Permission
from socialpub.console import drafts, editor, files, moves, pages, scheduling


@dataclass(frozen=True, slots=True)
class Screen:
    """`name` is its part of the address, below the LARP; whoever has `permission` sees it in the navigation."""

    name: str
    title: str
    permission: Permission
    routers: tuple[APIRouter, ...]


_DRAFTS = (drafts.router, editor.router, files.router, moves.router, scheduling.router)
SCREENS = (
    Screen("drafts", "Drafts", Permission.READ_DRAFTS, _DRAFTS),
    Screen("pages", "Page", Permission.READ_DRAFTS, (pages.router,)),
)
