"""Any node of the Graph: read it if it is there, change it, delete it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from socialpub.errors import InvalidPostError
from socialpub.graph.answers import require_success
from socialpub.graph.client import GraphClient, GraphResponse
from socialpub.graph.prepare import Order
from socialpub.models.secret import Secret

_NO_SUCH_NODE = {(100, 33), (803, None)}
# A deletion has no parameter that could be wrong, so there a bare 100 is about the node as well.
_NOTHING_TO_DELETE = {*_NO_SUCH_NODE, (100, None)}


def read_node(client: GraphClient, node_id: str, token: Secret, *, fields: str) -> GraphResponse | None:
    """The fields of a node; None when it does not exist or the token may not see it, which Facebook answers alike."""
    try:
        return client.get(node_id, token=token, params={"fields": fields})
    except InvalidPostError as error:
        if (error.failure.code, error.failure.subcode) in _NO_SUCH_NODE:
            return None
        raise


def delete_node(client: GraphClient, node_id: str, token: Secret) -> None:
    """Delete a photo, video, post or comment; one that is not there is as good as deleted.

    May be repeated: whatever is unclear is a `TryAgainError`. A photo that a post shows stays: Facebook answers as if
    it did not exist, and deletes it with its post (reported by other clients).
    Source: Graph API reference, Page post, Deleting.
    """
    prepared = client.prepare(Order("DELETE", node_id, is_repeatable=True), token)
    try:
        response = client.send(prepared)
    except InvalidPostError as error:
        if (error.failure.code, error.failure.subcode) in _NOTHING_TO_DELETE:
            return
        raise
    require_success(prepared.call, response)


def update_node(
    client: GraphClient, node_id: str, token: Secret, data: Mapping[str, Any], *, is_repeatable: bool = True
) -> None:
    """Change a node. Setting the same value twice harms nobody, so whatever is unclear is a `TryAgainError`.

    A change that publishes is not `is_repeatable`: there an unclear outcome is an `OutcomeUnknownError`.
    """
    prepared = client.prepare(Order("POST", node_id, form=data, is_repeatable=is_repeatable), token)
    require_success(prepared.call, client.send(prepared))
