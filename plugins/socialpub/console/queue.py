"""Every scheduled post of the LARP, or of all LARPs of the person: the list, and one with all that happened to it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from urllib.parse import quote, urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from socialpub.api.auth import GuardedRoute
from socialpub.api.roles import Permission
from socialpub.api.threads import in_thread
from socialpub.console.drawing import render
from socialpub.console.preview import draw_preview
from socialpub.console.visit import LARP, Visit, enter
from socialpub.console.written import Written
from socialpub.errors import UnknownPostError
from socialpub.hooks.connections import read_airflow_url
from socialpub.models import PostStatus, PublishAttempt
from socialpub.services.digest.days import day_bounds
from socialpub.services.queue.lists import QueueFilter, QueueLine, QueuePage, list_posts, read_queue_lines
from socialpub.services.queue.post import PostHistory, list_pages, read_post

Reader = Annotated[Visit, Depends(enter(Permission.READ_DRAFTS))]
QUEUE = f"{LARP}/queue"
POST = f"{QUEUE}/{{post_id}}"
Day = Annotated[str, Query(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
_OFFERED = (Permission.SCHEDULE_DRAFTS, Permission.PUBLISH_NOW, Permission.MANAGE_PAGES)
_SOON = timedelta(minutes=15)
_UNDER_WAY = (PostStatus.PENDING, PostStatus.QUEUED, PostStatus.PUBLISHING, PostStatus.UNCONFIRMED)
router = APIRouter(route_class=GuardedRoute)


@router.get(QUEUE)
async def show_list(
    request: Request,
    visit: Reader,
    state: Annotated[str, Query(max_length=40)] = "to_come",
    page: Annotated[str, Query(pattern=r"^[0-9]{0,40}$")] = "",
    q: Annotated[str, Query(max_length=300)] = "",
    since: Day = "",
    until: Day = "",
    cursor: Annotated[str, Query(max_length=200)] = "",
    larps: Annotated[str, Query(pattern="^(all)?$")] = "",
) -> Response:
    """What is to come by its time; the rest with the newest first. Over all LARPs a Page is no filter."""
    page = "" if larps else page
    wanted = QueueFilter(
        state, page or None, q, since=_read_day(visit, since, 0), until=_read_day(visit, until, 1)
    )  # fmt: skip

    def read() -> tuple[QueuePage, list[tuple[str, str]]]:
        reached = visit.reach(Permission.READ_DRAFTS, is_everywhere=bool(larps))
        found = list_posts(visit.resources.engine, reached, wanted, cursor=cursor or None)
        return found, [] if larps else list_pages(visit.resources.engine, visit.larp.id)

    found, pages = await in_thread(request, read)
    chosen = {"state": state, "page": page, "q": q, "since": since, "until": until, "larps": larps}
    kept = {name: value for name, value in chosen.items() if value}

    def address(**place: str) -> str:
        return f"{visit.url('queue')}?{urlencode(kept | place)}"

    return render(
        request, "queue.html", found=found, pages=pages, chosen=chosen, tools=LineTools(),
        may={one for one in _OFFERED if visit.reach(one, is_everywhere=bool(larps))},
        first=address() if cursor else "", next=address(cursor=found.next_cursor) if found.next_cursor else "",
        here_again=address(cursor=cursor) if cursor else address(),
    )  # fmt: skip


@router.get(POST)
async def show_post(request: Request, visit: Reader, post_id: UUID) -> Response:
    """One post, each try, and what can be done about it."""
    history = await in_thread(request, find_history, visit, post_id)
    return draw_post(request, history)


@router.get(f"{POST}/state")
async def show_state(request: Request, visit: Reader, post_id: UUID) -> Response:
    """What a list renews while the post is under way."""
    line = await in_thread(request, find_line, visit, post_id)
    return render(request, "queue_state.html", line=line, tools=LineTools())


def draw_post(request: Request, history: PostHistory, *, trouble: str = "", status: int = 200) -> Response:
    """With the `trouble` of what was refused."""
    preview = draw_preview(Written.of(history.draft, history.assets), history.line.page_name)
    return render(
        request, "queue_post.html", status=status, history=history, line=history.line, preview=preview,
        trouble=trouble, tools=LineTools(),
    )  # fmt: skip


def find_history(visit: Visit, post_id: UUID) -> PostHistory:
    """Raises `UnknownPostError`."""
    return read_post(visit.resources.engine, find_line(visit, post_id))


def find_line(visit: Visit, post_id: UUID) -> QueueLine:
    """Raises `UnknownPostError`, for a post of another LARP as well."""
    lines = read_queue_lines(visit.resources.engine, [visit.larp.id], [post_id])
    if not lines:
        raise UnknownPostError("The LARP has no such post.", next_step="look for it in the Queue.")
    return lines[0]


class LineTools:
    """What the templates ask about a line, or a try."""

    def __init__(self) -> None:
        self._base = read_airflow_url()

    def run(self, tried: QueueLine | PublishAttempt) -> str:
        """Where Airflow shows the run."""
        return f"{self._base}/dags/{quote(tried.dag_id or '')}/runs/{quote(tried.run_id or '', safe='')}"

    def log(self, tried: QueueLine | PublishAttempt) -> str:
        """Where it lists the lanes of the run, named by what they publish, each with its log."""
        return f"{self.run(tried)}/tasks/publish"

    def is_moving(self, line: QueueLine) -> bool:
        """Whether something may happen to it within minutes."""
        return line.status in _UNDER_WAY and line.due_at < datetime.now(UTC) + _SOON


def _read_day(visit: Visit, text: str, later: int) -> datetime | None:
    """The instant at which the LARP's day begins, or the one that many days later."""
    return day_bounds(date.fromisoformat(text) + timedelta(days=later), visit.zone)[0] if text else None
