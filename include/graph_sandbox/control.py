"""The client of the control API, for tests, demos and benchmarks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graph_sandbox.arrivals import Arrival
from graph_sandbox.control_media import MediaControl
from graph_sandbox.entities import PAGE_TASKS, PUBLISHING_SCOPES
from graph_sandbox.settings import SCHEDULE_MAX_SECONDS, SCHEDULE_PROFILES
from graph_sandbox.state import DEFAULT_APP


@dataclass(frozen=True, slots=True)
class SandboxPost:
    """A post as the sandbox holds it, without list lag; times as Graph writes them."""

    id: str
    message: str | None
    link: str | None
    created_time: str
    is_published: bool
    scheduled_publish_time: int | None
    permalink_url: str
    photo_ids: list[str]
    video_id: str | None


class SandboxControl(MediaControl):
    """Scripts a running sandbox and asks it what happened. Every method is one call of `/_control/…`.

    Raises (all methods):
        requests.HTTPError: the sandbox refused the order.
    """

    def reset(self) -> None:
        """Forget everything and build the default world."""
        self._call("POST", "reset")

    def add_app(
        self,
        app_id: str,
        app_secret: str,
        *,
        require_proof: bool = True,
        name: str = "Larpowe Wpisy",
        redirect_uris: Iterable[str] = (),
    ) -> None:
        """Add or replace an app; without `redirect_uris` the dialog takes any."""
        order = {"app_id": app_id, "app_secret": app_secret, "require_proof": require_proof, "name": name}
        self._call("POST", "apps", order | {"redirect_uris": list(redirect_uris)})

    def add_page(
        self,
        page_id: str,
        name: str,
        *,
        app_id: str = DEFAULT_APP,
        tasks: Iterable[str] = PAGE_TASKS,
        scopes: Iterable[str] = PUBLISHING_SCOPES,
        token: str | None = None,
        category: str = "Community",
    ) -> str:
        """Add or replace a Page and return its access token (`EAAGsandboxpagetoken{page_id}` unless given)."""
        order = {"page_id": page_id, "name": name, "app_id": app_id, "token": token, "category": category}
        return str(self._call("POST", "pages", order | {"tasks": list(tasks), "scopes": list(scopes)})["token"])

    def add_user(
        self,
        user_id: str,
        name: str,
        *,
        accounts: Iterable[str] = (),
        app_id: str = DEFAULT_APP,
        scopes: Iterable[str] = PUBLISHING_SCOPES,
        declined_scopes: Iterable[str] = (),
        is_developer: bool = False,
        token: str | None = None,
    ) -> str:
        """Add or replace a person with these Pages and return a long-lived user access token."""
        order = {"user_id": user_id, "name": name, "app_id": app_id, "is_developer": is_developer, "token": token}
        lists = {"accounts": list(accounts), "scopes": list(scopes), "declined_scopes": list(declined_scopes)}
        return str(self._call("POST", "users", order | lists)["token"])

    def add_pages(self, names: Mapping[str, str]) -> dict[str, str]:
        """Add or replace many Pages at once, by id and name; returns the access token of each by its id."""
        orders = [{"page_id": page_id, "name": name} for page_id, name in names.items()]
        return dict(zip(names, self._call("POST", "pages/batch", orders), strict=True))

    def add_page_token(
        self,
        page_id: str,
        token: str,
        *,
        app_id: str = DEFAULT_APP,
        tasks: Iterable[str] = PAGE_TASKS,
        scopes: Iterable[str] = PUBLISHING_SCOPES,
        expires_at: float | None = None,
    ) -> str:
        """Add another access token of a Page, such as one held by another app, and return it."""
        order = {"page_id": page_id, "token": token, "app_id": app_id, "expires_at": expires_at}
        return str(self._call("POST", "tokens", order | {"tasks": list(tasks), "scopes": list(scopes)})["token"])

    def revoke_token(self, token: str, *, subcode: int | None = 460) -> None:
        """Make a token, and all Page tokens derived from it, answer 190 with this subcode (None: without one)."""
        self._call("PATCH", "tokens", {"token": token, "is_refused": True, "refusal_subcode": subcode})

    def restore_token(self, token: str) -> None:
        """Take back `revoke_token` and `expire_token`."""
        self._call("PATCH", "tokens", {"token": token, "is_refused": False, "expires_at": None})

    def expire_token(self, token: str, *, at: float = 0.0) -> None:
        """Let a token expire at a Unix time of the sandbox's clock, by default long ago (190/463)."""
        self._call("PATCH", "tokens", {"token": token, "expires_at": at})

    def narrow_token(
        self, token: str, *, scopes: Iterable[str] | None = None, tasks: Iterable[str] | None = None
    ) -> None:
        """Replace the permissions or the Page tasks of a token; None leaves them."""
        given = {"scopes": scopes, "tasks": tasks}
        self._call("PATCH", "tokens", {"token": token} | {k: list(v) for k, v in given.items() if v is not None})

    def set_list_lag(self, page_id: str, seconds: float) -> None:
        """Let the lists of a Page show what was written this much later."""
        self._call("PATCH", f"pages/{page_id}", {"list_lag_seconds": seconds})

    def set_page_usage(self, page_id: str, *, percent: int | None, regain_minutes: int = 0) -> None:
        """Add `X-Business-Use-Case-Usage` to the answers about a Page; None takes it away."""
        self._call("PATCH", f"pages/{page_id}", {"usage": _usage(percent, regain_minutes)})

    def set_app_usage(self, *, percent: int | None) -> None:
        """Add `X-App-Usage` to all answers; None takes it away."""
        self._call("PATCH", "settings", {"app_usage": _usage(percent, 0)})

    def set_unscrapable_hosts(self, hosts: Iterable[str]) -> None:
        """Name the hosts whose links answer 1609005."""
        self._call("PATCH", "settings", {"unscrapable_hosts": list(hosts)})

    def change_settings(self, **settings: Any) -> None:  # noqa: ANN401 - as `Settings` says
        """Change settings by their names in `graph_sandbox.settings.Settings`; the others stay."""
        self._call("PATCH", "settings", settings)

    def set_latency(self, seconds: float) -> None:
        """Answer every request this much later."""
        self._call("PATCH", "settings", {"latency_seconds": seconds})

    def set_refuse_duplicates(self, refuses: bool) -> None:
        """Choose whether the same content twice in a row answers 506 (as at the start) or becomes a second post."""
        self._call("PATCH", "settings", {"refuse_duplicates": refuses})

    def set_schedule_window(self, min_seconds: int, max_seconds: int, *, edge: str | None = None) -> None:
        """Set how far ahead a native schedule may lie, on one edge or on all; the minimum holds for all of them."""
        edges = SCHEDULE_MAX_SECONDS if edge is None else (edge,)
        furthest = dict.fromkeys(edges, max_seconds)
        self._call("PATCH", "settings", {"schedule_min_seconds": min_seconds, "schedule_max_seconds": furthest})

    def set_schedule_profile(self, name: str) -> None:
        """Choose how far ahead schedules may lie by the name of one of `SCHEDULE_PROFILES`."""
        self._call("PATCH", "settings", {"schedule_max_seconds": SCHEDULE_PROFILES[name]})

    def take_role(self, user_id: str, page_id: str) -> None:
        """Take a person's role on a Page away: that person's tokens for it answer 190/492."""
        self._call("POST", "roles", {"user_id": user_id, "page_id": page_id, "has_role": False})

    def give_role(self, user_id: str, page_id: str) -> None:
        """Give a person a role on a Page, or give it back."""
        self._call("POST", "roles", {"user_id": user_id, "page_id": page_id, "has_role": True})

    def set_webhook(self, url: str | None, *, app_id: str = DEFAULT_APP) -> None:
        """Have the app's webhook told of the Pages that it is subscribed to; None ends that."""
        self._call("POST", "webhook", {"app_id": app_id, "url": url})

    def subscribe_page(self, page_id: str, *, app_id: str = DEFAULT_APP) -> None:
        """Subscribe the app to the feed of a Page."""
        self._call("POST", f"pages/{page_id}/subscribed_apps", {"app_id": app_id})

    def subscribed_apps(self, page_id: str) -> dict[str, list[str]]:
        """Return the apps whose webhook hears of the Page, each with its fields."""
        return dict(self._call("GET", f"pages/{page_id}/subscribed_apps"))

    def set_dialog_decision(self, decision: str) -> None:
        """Let the login dialog "approve" or "deny" at once, or "ask" the person in front of it."""
        self._call("PATCH", "settings", {"dialog_decision": decision})

    def set_clock_offset(self, seconds: float) -> None:
        """Set how far the sandbox's clock is ahead of the real one."""
        self._call("POST", "clock", {"offset_seconds": seconds})

    def advance_clock(self, seconds: float) -> None:
        """Move the sandbox's clock on."""
        self._call("POST", "clock", {"advance_seconds": seconds})

    def now(self) -> float:
        """Return the sandbox's time in Unix seconds."""
        return float(self._call("GET", "clock")["now"])

    def add_fault(
        self,
        mode: str,
        *,
        page_id: str | None = None,
        edge: str | None = None,
        method: str | None = None,
        times: int = 1,
        skip: int = 0,
        chance: float = 1.0,
        match_message: str | None = None,
        phase: str | None = None,
        after_bytes: int = 0,
        delay_seconds: float | None = None,
        regain_minutes: int | None = None,
        code: int | None = None,
        subcode: int | None = None,
        status: int | None = None,
        error_message: str | None = None,
    ) -> int:
        """Script a fault and return its id; `FaultRule` says what the arguments mean."""
        # The arguments are exactly the keys of the order; the first statement, so that nothing else is local yet.
        order = {name: value for name, value in locals().items() if name != "self"}
        return int(self._call("POST", "faults", order)["id"])

    def faults(self) -> list[dict[str, Any]]:
        """Return the faults still in force."""
        return list(self._call("GET", "faults"))

    def remove_fault(self, fault_id: int) -> None:
        """Remove one fault."""
        self._call("DELETE", f"faults/{fault_id}")

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._call("DELETE", "faults")

    def fault_modes(self) -> dict[str, bool]:
        """Return every fault mode's name, and whether the request is carried out."""
        return {mode["name"]: mode["commits"] for mode in self._call("GET", "faults/modes")}

    def arrivals(
        self, *, since: float = 0.0, edge: str | None = None, method: str | None = None, page_id: str | None = None
    ) -> list[Arrival]:
        """Return the requests that reached the sandbox, oldest first; `since` in Unix seconds of the real clock."""
        query = {"since": since, "edge": edge, "method": method, "page_id": page_id}
        return [Arrival(**row) for row in self._call("GET", "arrivals", query=query)]

    def clear_arrivals(self) -> None:
        """Forget what reached the sandbox."""
        self._call("DELETE", "arrivals")

    def posts(self, page_id: str) -> list[SandboxPost]:
        """Return all posts of a Page, oldest first, published or not, without lag."""
        names = SandboxPost.__slots__
        return [
            SandboxPost(**{name: row.get(name) for name in names})
            for row in self._call("GET", f"pages/{page_id}/posts")
        ]

    def delete_post(self, post_id: str) -> None:
        """Delete a post as a person would on facebook.com."""
        self._call("DELETE", f"posts/{post_id}")


def _usage(percent: int | None, regain_minutes: int) -> dict[str, int] | None:
    if percent is None:
        return None
    return {"call_count": percent, "total_cputime": 25, "total_time": 25, "regain_minutes": regain_minutes}
