"""Which Pages a person can hand over, the token of one, and its webhook subscription."""

from __future__ import annotations

from dataclasses import dataclass

from socialpub.graph.client import GraphClient
from socialpub.graph.page_post import parse_text
from socialpub.graph.paging import list_nodes, parse_row
from socialpub.models.secret import Secret

# The New Pages Experience names its tasks differently (codegen specs, page assigned users).
_CREATING_TASKS = frozenset({"CREATE_CONTENT", "PROFILE_PLUS_CREATE_CONTENT", "PROFILE_PLUS_FULL_CONTROL"})
_FEED = {"subscribed_fields": "feed"}


_MOST_PAGES = 100  # of the list; 25 Facebook Pages each


@dataclass(frozen=True, slots=True)
class OfferedPage:
    """A Page of the person who logged in. `token` is None where the person may not hand one over."""

    id: str
    name: str
    tasks: frozenset[str]
    token: Secret | None

    @property
    def may_create_content(self) -> bool:
        return bool(self.tasks & _CREATING_TASKS)


def list_offered_pages(client: GraphClient, user_token: Secret) -> list[OfferedPage]:
    """All Pages of the person, whatever number of result pages that takes. Raises a `GraphError`.

    From a long-lived user token the Pages' tokens have no expiry date (Graph API, Long-lived access tokens).
    """
    pages = []
    for row in list_nodes(
        client, "me/accounts", user_token, fields="id,name,access_token,tasks", parse=parse_row, max_pages=_MOST_PAGES
    ):
        if page_id := parse_text(row.get("id")):
            tasks, token = row.get("tasks"), parse_text(row.get("access_token"))
            known = frozenset(map(str, tasks)) if isinstance(tasks, list) else frozenset[str]()
            name = parse_text(row.get("name")) or page_id
            pages.append(OfferedPage(page_id, name, known, Secret(token) if token else None))
    return pages


def read_page_token(client: GraphClient, page_id: str, user_token: Secret) -> Secret | None:
    """The Page's token for a user token; None where the person lost the right to it. Raises a `GraphError`.

    Facebook leaves the key out then, without an error (reported by other clients).
    """
    token = parse_text(
        client.get(page_id, token=user_token, params={"fields": "access_token"}).body.get("access_token")
    )
    return Secret(token) if token else None


def read_page_name(client: GraphClient, page_id: str, token: Secret) -> str:
    """What the Page is called. Raises a `GraphError`."""
    return parse_text(client.get(page_id, token=token, params={"fields": "name"}).body.get("name")) or page_id


def subscribe_feed(client: GraphClient, page_id: str, token: Secret) -> None:
    """Let Facebook tell our webhook of the Page's posts, which needs `SUBSCRIBING_SCOPE`. Raises a `GraphError`."""
    client.post(f"{page_id}/subscribed_apps", token=token, data=_FEED)


def unsubscribe_feed(client: GraphClient, page_id: str, token: Secret) -> None:
    """The opposite. Raises a `GraphError`."""
    client.delete(f"{page_id}/subscribed_apps", token=token)
