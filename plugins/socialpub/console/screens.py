"""The screens, in the order of the navigation."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from socialpub.api.roles import Permission
from socialpub.console import drafts, pages


@dataclass(frozen=True, slots=True)
class Screen:
    """`name` is its part of the address, below the LARP; whoever has `permission` sees it in the navigation."""

    name: str
    title: str
    permission: Permission
    routers: tuple[APIRouter, ...]


SCREENS = (
    Screen("drafts", "Drafts", Permission.READ_DRAFTS, (drafts.router,)),
    Screen("pages", "Page", Permission.READ_DRAFTS, (pages.router,)),
)
