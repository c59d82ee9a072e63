"""`/_control/…`: scripts the sandbox and tells what happened in it. It exists on no Facebook."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, FastAPI, HTTPException, Request

from graph_sandbox import control_media_api
from graph_sandbox.control_models import (
    AppOrder,
    ClockOrder,
    FaultOrder,
    PageChange,
    PageOrder,
    PageTokenOrder,
    RoleOrder,
    SettingsChange,
    SubscriptionOrder,
    TokenChange,
    UserOrder,
    WebhookOrder,
)
from graph_sandbox.control_world import TheWorld, require
from graph_sandbox.edge_faults import ALL_FAULTS
from graph_sandbox.entities import App, Page, Token, TokenKind, User
from graph_sandbox.fault_rules import FaultRule
from graph_sandbox.grants import set_role
from graph_sandbox.post_node import render_post
from graph_sandbox.state import DEFAULT_USER, World

router = APIRouter()


@router.post("/reset")
async def reset(world: TheWorld) -> dict[str, bool]:
    """Forget everything and build the default world."""
    world.reset()
    return {"success": True}


@router.post("/apps")
async def add_app(order: AppOrder, world: TheWorld) -> dict[str, bool]:
    """Add or replace an app."""
    world.apps[order.app_id] = App(
        order.app_id, order.app_secret, order.name, require_proof=order.require_proof, redirect_uris=order.redirect_uris
    )
    return {"success": True}


@router.post("/pages")
async def add_page(order: PageOrder, world: TheWorld) -> dict[str, str]:
    """Add or replace a Page; returns its access token."""
    require(order.app_id in world.apps, "app")
    return {"token": _add_page(world, order)}


@router.post("/pages/batch")
async def add_pages(orders: list[PageOrder], world: TheWorld) -> list[str]:
    """Add or replace Pages; returns their access tokens, in the order of the Pages."""
    for order in orders:
        require(order.app_id in world.apps, "app")
    return [_add_page(world, order) for order in orders]


def _add_page(world: World, order: PageOrder) -> str:
    page = Page(order.page_id, order.name, order.app_id, order.category, order.tasks)
    return world.add_page(page, scopes=order.scopes, token=order.token).value


@router.patch("/pages/{page_id}")
async def change_page(page_id: str, change: PageChange, world: TheWorld) -> dict[str, bool]:
    """Change a Page's list lag or usage."""
    _apply(_find_page(world, page_id), change.model_dump(exclude_unset=True))
    return {"success": True}


@router.get("/pages/{page_id}/posts")
async def list_posts(page_id: str, world: TheWorld, request: Request) -> list[dict[str, Any]]:
    """Return all posts of a Page, oldest first, without lag and whatever their state; with `link` in plain."""
    page = _find_page(world, page_id)
    world.fire_due_posts(page)
    base_url = f"{request.url.scheme}://{request.url.netloc}"
    fields = dict.fromkeys(
        ("message", "created_time", "is_published", "scheduled_publish_time", "permalink_url", "application")
    )
    return [
        {
            **render_post(world, post, {**fields}, base_url=base_url),
            "link": post.link,
            "photo_ids": post.photo_ids,
            "video_id": post.video_id,
        }
        for post in page.posts.values()
    ]


@router.delete("/posts/{post_id}")
async def delete_post(post_id: str, world: TheWorld) -> dict[str, bool]:
    """Delete a post as a person would on facebook.com."""
    post = world.find_post(post_id)
    if post is None:
        raise HTTPException(404, "no such post")
    world.delete_post(post)
    return {"success": True}


@router.post("/users")
async def add_user(order: UserOrder, world: TheWorld) -> dict[str, str]:
    """Add or replace a person; returns a long-lived user access token."""
    require(order.app_id in world.apps, "app")
    user = User(order.user_id, order.name, order.accounts, order.declined_scopes, order.is_developer)
    return {"token": world.add_user(user, app_id=order.app_id, scopes=order.scopes, token=order.token).value}


@router.post("/tokens")
async def add_page_token(order: PageTokenOrder, world: TheWorld) -> dict[str, str]:
    """Add another access token of a Page."""
    require(order.app_id in world.apps, "app")
    page = _find_page(world, order.page_id)
    token = Token(order.token, TokenKind.PAGE, order.app_id, user_id=DEFAULT_USER, page_id=page.id)
    token.scopes, token.tasks, token.expires_at = order.scopes, order.tasks, order.expires_at
    return {"token": world.add_token(token).value}


@router.patch("/tokens")
async def change_token(change: TokenChange, world: TheWorld) -> dict[str, bool]:
    """Refuse, restore, expire or narrow an access token."""
    require(change.token in world.tokens, "token")
    _apply(world.tokens[change.token], change.model_dump(exclude_unset=True, exclude={"token"}))
    return {"success": True}


@router.post("/roles")
async def change_role(order: RoleOrder, world: TheWorld) -> dict[str, bool]:
    """Take a person's role on a Page away (190/492), or give it back."""
    require(order.user_id in world.users, "user")
    set_role(world, world.users[order.user_id], _find_page(world, order.page_id), has_role=order.has_role)
    return {"success": True}


@router.post("/webhook")
async def set_webhook(order: WebhookOrder, world: TheWorld) -> dict[str, bool]:
    """Say where an app's webhook is, without its handshake."""
    require(order.app_id in world.apps, "app")
    world.apps[order.app_id].webhook_url = order.url
    return {"success": True}


@router.post("/pages/{page_id}/subscribed_apps")
async def subscribe_app(page_id: str, order: SubscriptionOrder, world: TheWorld) -> dict[str, bool]:
    """Let an app's webhook hear of a Page."""
    _find_page(world, page_id).subscribed_apps[order.app_id] = order.fields
    return {"success": True}


@router.get("/pages/{page_id}/subscribed_apps")
async def list_subscribed_apps(page_id: str, world: TheWorld) -> dict[str, tuple[str, ...]]:
    """Return the apps whose webhook hears of the Page, each with its fields."""
    return _find_page(world, page_id).subscribed_apps


@router.get("/clock")
async def read_clock(world: TheWorld) -> dict[str, float]:
    """Return the sandbox's time and how far it is from the real one."""
    return {"now": world.now(), "offset_seconds": world.clock_offset_seconds}


@router.post("/clock")
async def set_clock(order: ClockOrder, world: TheWorld) -> dict[str, float]:
    """Set or move the clock; scheduled posts whose time has come go out."""
    base = world.clock_offset_seconds if order.offset_seconds is None else order.offset_seconds
    world.clock_offset_seconds = base + order.advance_seconds
    return await read_clock(world)


@router.patch("/settings")
async def change_settings(change: SettingsChange, world: TheWorld) -> dict[str, Any]:
    """Change settings and return all of them."""
    changes = change.model_dump(exclude_unset=True)
    if "schedule_max_seconds" in changes:
        changes["schedule_max_seconds"] = world.settings.schedule_max_seconds | changes["schedule_max_seconds"]
    _apply(world.settings, changes)
    return asdict(world.settings)


@router.get("/faults/modes")
async def list_fault_modes() -> list[dict[str, Any]]:
    """Return every fault mode: its name, and whether the request is carried out."""
    return [{"name": mode.name, "commits": mode.commits} for mode in ALL_FAULTS.values()]


@router.get("/faults")
async def list_faults(world: TheWorld) -> list[dict[str, Any]]:
    """Return the faults still in force."""
    return [asdict(rule) for rule in world.faults.all()]


@router.post("/faults")
async def add_fault(order: FaultOrder, world: TheWorld) -> dict[str, int]:
    """Script a fault; returns its id."""
    return {"id": world.faults.add(FaultRule(**order.model_dump())).id}


@router.delete("/faults")
async def clear_faults(world: TheWorld) -> dict[str, bool]:
    """Remove all faults."""
    world.faults.clear()
    return {"success": True}


@router.delete("/faults/{fault_id}")
async def remove_fault(fault_id: int, world: TheWorld) -> dict[str, bool]:
    """Remove one fault."""
    return {"success": world.faults.remove(fault_id)}


@router.get("/arrivals")
async def list_arrivals(
    world: TheWorld,
    since: float = 0.0,
    edge: str | None = None,
    method: str | None = None,
    page_id: str | None = None,
) -> list[dict[str, Any]]:
    """Return what reached the sandbox, oldest first."""
    return world.arrivals.select(since=since, edge=edge, method=method, page_id=page_id)


@router.delete("/arrivals")
async def clear_arrivals(world: TheWorld) -> dict[str, bool]:
    """Forget what reached the sandbox."""
    world.arrivals.clear()
    return {"success": True}


def build_control_api(world: World) -> FastAPI:
    """Return the control API of a world; its operations are described under `/_control/docs`."""
    api = FastAPI(title="Graph sandbox control")
    api.state.world = world
    api.include_router(router)
    api.include_router(control_media_api.router)
    return api


def _find_page(world: World, page_id: str) -> Page:
    require(page_id in world.pages, "page")
    return world.pages[page_id]


def _apply(target: object, changes: dict[str, Any]) -> None:
    for name, value in changes.items():
        setattr(target, name, value)
