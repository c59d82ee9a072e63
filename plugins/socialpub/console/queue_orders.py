"""What is done to scheduled posts: first shown, then asked once, then done one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute
from socialpub.api.problem import Problem
from socialpub.api.roles import Permission
from socialpub.api.threads import in_thread
from socialpub.console.drawing import render
from socialpub.console.message import leave
from socialpub.console.queue import POST, QUEUE, draw_post, find_history, find_line
from socialpub.console.visit import Visit, enter
from socialpub.errors import SocialpubError
from socialpub.graph.page_post import PagePost
from socialpub.graph.posts import read_post
from socialpub.models import FacebookPageConnection
from socialpub.services.queue.bulk import NEEDS_REASON, BulkAction, Step, Tools, carry_out, plan_bulk
from socialpub.services.resolve import resolve_as_published

Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]
Resolver = Annotated[Visit, Depends(enter(Permission.PUBLISH_NOW))]
PERMISSIONS = {
    BulkAction.REQUEUE: Permission.SCHEDULE_DRAFTS,
    BulkAction.PUBLISH_NOW: Permission.PUBLISH_NOW,
    BulkAction.DECLARE_ABSENT: Permission.PUBLISH_NOW,
    BulkAction.PAUSE: Permission.MANAGE_PAGES,
}
"""As the routes of the API ask for what comes to the same."""
_WORDS = {
    BulkAction.REQUEUE: ("Requeue these posts?", "Requeue"),
    BulkAction.PUBLISH_NOW: ("Publish these posts now?", "Publish now"),
    BulkAction.DECLARE_ABSENT: ("Are these posts not on the Page?", "They are not there; send again"),
    BulkAction.PAUSE: ("Pause the Page of these posts?", "Pause"),
}
router = APIRouter(route_class=GuardedRoute)


@router.post(f"{QUEUE}/confirm")
async def ask(request: Request, visit: Reader) -> Response:
    """Say what would happen to each chosen post. Nothing changes."""
    action, posts, reached = _read_order(visit)
    back = _back(visit)
    if not posts:
        return leave(visit, back, "No post was chosen; nothing has changed.", tone="warn")
    steps = await in_thread(request, plan_bulk, visit.resources.engine, reached, action, posts)
    question, button = _WORDS[action]
    return render(
        request, "queue_confirm.html", steps=steps, action=action, question=question, button=button, back=back,
        needs_reason=action in NEEDS_REASON, is_possible=any(step.is_good for step in steps),
        others=len(posts) - len(steps), larps=visit.text("larps"),
    )  # fmt: skip


@router.post(f"{QUEUE}/do")
async def do(request: Request, visit: Reader) -> Response:
    """Do it, and show what became of each."""
    action, posts, reached = _read_order(visit)

    def work() -> list[Step]:
        return carry_out(
            visit.resources.engine, reached, action, posts,
            tools=_tools(visit), reason=visit.text("reason"), actor=visit.caller.actor,
        )  # fmt: skip

    steps = await in_thread(request, work)
    return render(request, "queue_done.html", steps=steps, done=sum(step.is_good for step in steps), back=_back(visit))


@router.post(f"{POST}/published")
async def resolve_published(request: Request, visit: Resolver, post_id: UUID) -> Response:
    """Settle an unconfirmed post as the live one that the person found."""
    given = visit.text("live").strip()

    def look(page: FacebookPageConnection, facebook_post_id: str) -> PagePost:
        service = visit.resources.service()
        token = page.get_page_access_token(service.cipher, datetime.now(UTC))
        return read_post(service.client, facebook_post_id, token)

    def work() -> str:
        find_line(visit, post_id)
        return resolve_as_published(
            visit.resources.engine, post_id, given, read_live_post=look, actor=visit.caller.actor
        )

    try:
        said = await in_thread(request, work)
    except SocialpubError as error:
        history = await in_thread(request, find_history, visit, post_id)
        return draw_post(request, history, trouble=str(error), status=409)
    return leave(visit, visit.url("queue", post_id), said)


def _read_order(visit: Visit) -> tuple[BulkAction, list[UUID], list[UUID]]:
    """The action, the posts, and the LARPs whose posts it may be done to; of all LARPs if the form is of that list.

    Raises 403 for what the person may do in none of them, 422 for a form that is none of ours.
    """
    try:
        action = BulkAction(visit.text("action"))
        posts = [UUID(str(post)) for post in dict.fromkeys(visit.form.getlist("post"))]
    except ValueError as error:
        raise Problem(
            422, "unknown_order", "The form names no action or no post.", next_step="open the Queue again."
        ) from error
    reached = visit.reach(PERMISSIONS[action], is_everywhere=visit.text("larps") == "all")
    if not reached:
        raise Problem(
            403, "not_allowed", f"Your roles in this LARP do not allow this ({PERMISSIONS[action]}).",
            next_step="ask somebody with the right role, or have it given to you.",
        )  # fmt: skip
    return action, posts, reached


def _back(visit: Visit) -> str:
    back = visit.text("back")
    return back if back.startswith(visit.url("queue")) else visit.url("queue")


def _tools(visit: Visit) -> Tools:
    def start(post_id: UUID, reason: str) -> str:
        return visit.resources.start_publish(post_id, reason, visit.principal.name).run_url

    return Tools(pace=visit.resources.settings().scan.catch_up_pace, start_publish=start)
