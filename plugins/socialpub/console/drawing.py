"""From a template to a page. Every value is escaped, and a name that a template does not get is an error."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from socialpub.api.problem import ProblemAnswer
from socialpub.console import message, static
from socialpub.console.states import describe_state
from socialpub.console.theme import read_theme
from socialpub.console.visit import Visit, root_of


def render(request: Request, template: str, *, status: int = 200, **values: object) -> Response:
    """The page, in the layout of the visit that `enter` found."""
    visit: Visit | None = getattr(request.state, "visit", None)
    names = _names(request, visit) | values
    answer = HTMLResponse(_environment().get_template(template).render(names), status)
    # A part of a page tells nothing of what was done before it; it leaves the message to the page.
    if visit and visit.message and "hx-request" not in request.headers:
        answer.delete_cookie(message.COOKIE, path=visit.root or "/")
    return answer


def draw_problem(request: Request, said: ProblemAnswer, links: Sequence[dict[str, str]]) -> Response:
    """A refusal, with the next step."""
    request.state.visit = None  # Who was refused may have no LARP, and an old form must not look like the present one.
    return render(request, "problem.html", status=said.status, said=said, links=links)


def _names(request: Request, visit: Visit | None) -> dict[str, object]:
    root = root_of(request)
    below = request.url.path.removeprefix(root).strip("/").split("/")
    return {
        "visit": visit,
        "root": root,
        "navigation": [screen for screen in request.app.state.navigation if visit and visit.may(screen.permission)],
        "here": below[2] if len(below) > 2 else "",
        "theme": read_theme(request),
        "path": request.url.path,
        "static": lambda name: f"{root}/static/{name}?v={static.version()}",
        "is_part": "hx-request" in request.headers,
        # A part of a page that htmx asks for is a fetch to the browser, in a frame too; the page has it say so.
        "is_framed": request.headers.get("sec-fetch-dest") == "iframe" or "x-framed" in request.headers,
    }


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("socialpub.console"), autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"clock": say_clock, "state": describe_state}
    return environment


def say_clock(instant: datetime, zone: ZoneInfo) -> str:
    """`Sat 28 Mar 2026, 18:00 CET`, as the LARP's clocks show it."""
    local = instant.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"
