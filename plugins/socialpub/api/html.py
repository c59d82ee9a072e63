"""The few pages that people see while they connect a Page. Every value is escaped: names come from Facebook."""

from __future__ import annotations

from functools import cache

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from socialpub.api.middleware import STYLE
from socialpub.models.instants import say_instant


@cache
def _environment() -> Environment:
    environment = Environment(loader=PackageLoader("socialpub.api"), autoescape=True, undefined=StrictUndefined)
    environment.filters["instant"] = say_instant
    return environment


def render(template: str, *, status: int = 200, **values: object) -> HTMLResponse:
    """The page; links in it are relative to the app, whose address is `root`."""
    text = _environment().get_template(template).render(style=STYLE, **values)
    return HTMLResponse(text, status)
