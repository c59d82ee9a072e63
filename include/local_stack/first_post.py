"""`make post TEXT="…"`: one post by two people through the HTTP API, from the first word to the Page of the sandbox."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import requests

from local_stack.running import Running
from local_stack.state import StackError

_TIMEOUT = 30
_LIVE_SECONDS = 120
_AHEAD = timedelta(seconds=10)
_PAGE = "select larp_id, page_name from facebook_page_connections order by page_id limit 1"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is logged in to Airflow, at the desk of one LARP."""

    social: str
    token: str

    def call(self, method: str, path: str, **json: Any) -> Any:  # noqa: ANN401 - JSON
        """Raises `StackError` with what the API says to do."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(method, self.social + path, json=json, headers=headers, timeout=_TIMEOUT)
        if not answer.ok:
            problem = answer.json()
            raise StackError(f"{problem['detail']} Next: {problem.get('next_step', 'look at the API server’s log.')}")
        return answer.json()


def post(running: Running, text: str, *, report: Report) -> str:
    """Write, approve and schedule a post, and wait until it is live; returns its address."""
    with psycopg.connect(running.database) as connection:
        found = connection.execute(_PAGE).fetchone()
    if found is None:
        raise StackError("No Page is connected. Next: connect one, docs/connections.md says how.")
    larp_id, page_name = found
    social = f"{running.url}/socialpub/backoffice/larp/{larp_id}/social"
    anna, ola = (Person(social, _log_in(running, name)) for name in ("anna", "ola"))
    draft = anna.call("POST", "/drafts", title=text[:60], body=text)
    report(f"Anna has written a draft for {page_name}.")
    anna.call("POST", f"/drafts/{draft['id']}/submit")
    ola.call("POST", f"/drafts/{draft['id']}/approve", decision="approved", content_hash=draft["content_hash"])
    report("Ola has approved it.")
    at = datetime.now(UTC) + _AHEAD
    anna.call("POST", f"/drafts/{draft['id']}/schedule", at=at.isoformat(timespec="seconds"))
    report(f"Anna has scheduled it for {at:%H:%M:%S} UTC.")
    return _wait(anna, draft["id"])


def _log_in(running: Running, name: str) -> str:
    login = {"username": name, "password": running.password(name)}
    answer = requests.post(f"{running.url}/auth/token", json=login, timeout=_TIMEOUT)
    answer.raise_for_status()
    return str(answer.json()["access_token"])


def _wait(person: Person, draft_id: str) -> str:
    """The live post's address."""
    deadline = time.monotonic() + _LIVE_SECONDS
    while True:
        draft = person.call("GET", f"/drafts/{draft_id}")
        newest = draft["schedules"][0]
        if newest["status"] == "published":
            return str(newest["permalink_url"])
        if newest["status"] in ("failed", "missed", "canceled") or time.monotonic() > deadline:
            raise StackError(f"The post is {newest['status']}: {newest['status_reason']}. Next: docs/runbook.md.")
        time.sleep(0.5)
