"""What all operations of the control API need: the world, and a 404 for what is not in it."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, HTTPException, Request

from graph_sandbox.state import World


def find_world(request: Request) -> World:
    """Return the world the application was built around."""
    world: World = request.app.state.world
    return world


def require(found: bool, noun: str) -> None:
    """Answer 404 unless it was found."""
    if not found:
        raise HTTPException(404, f"no such {noun}")


TheWorld = Annotated[World, Depends(find_world)]
