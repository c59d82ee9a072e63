"""Dealing claimed posts into lanes: one mapped task each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from uuid import UUID

from socialpub.db.posts import ClaimedPost


def deal_lanes(posts: Sequence[ClaimedPost], *, max_lanes: int, burst_lanes: int) -> list[list[UUID]]:
    """Up to `max_lanes` posts: one lane each. More: whole Pages are dealt to `burst_lanes`, each keeps its order.

    Bigger Pages are dealt first, each to the shortest lane; the order inside a Page stays as claimed.
    """
    if len(posts) <= max_lanes:
        return [[post.id] for post in posts]
    lanes: list[list[UUID]] = [[] for _ in range(burst_lanes)]
    for page in sorted(_by_page(posts), key=len, reverse=True):
        min(lanes, key=len).extend(page)
    return [lane for lane in lanes if lane]


def _by_page(posts: Sequence[ClaimedPost]) -> list[list[UUID]]:
    ordered = sorted(posts, key=lambda post: post.connection_id)
    return [[post.id for post in page] for _, page in groupby(ordered, key=lambda post: post.connection_id)]
