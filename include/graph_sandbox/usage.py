"""The usage headers of a quota (D-RATE): percentages, and minutes until access returns."""

from __future__ import annotations

import json
from collections.abc import Mapping

from graph_sandbox.request import GraphRequest
from graph_sandbox.state import World

Headers = tuple[tuple[str, str], ...]

USED_UP = {"call_count": 100, "total_cputime": 25, "total_time": 25}


def usage_header(usage: Mapping[str, int]) -> tuple[str, str]:
    """Return `X-App-Usage`, which has no estimate of when access returns."""
    return "x-app-usage", json.dumps({name: usage[name] for name in USED_UP})


def page_usage_header(page_id: str, usage: Mapping[str, int]) -> tuple[str, str]:
    """Return `X-Business-Use-Case-Usage` of a Page; the estimate is in minutes."""
    counters = {name: usage[name] for name in USED_UP}
    entry = {"type": "pages", **counters, "estimated_time_to_regain_access": usage.get("regain_minutes", 0)}
    return "x-business-use-case-usage", json.dumps({page_id: [entry]})


def scripted_usage(world: World, request: GraphRequest) -> Headers:
    """Return the usage headers scripted for the app and for the Page of this request."""
    page = world.pages.get(request.page_id or "")
    headers: Headers = ()
    if world.settings.app_usage is not None:
        headers += (usage_header(world.settings.app_usage),)
    if page is not None and page.usage is not None:
        headers += (page_usage_header(page.id, page.usage),)
    return headers
