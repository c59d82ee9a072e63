"""Keeping a post where it is without a hook in the product: by the locks that any other session could hold."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from uuid import UUID

import psycopg

from local_stack.backoffice import Backoffice

_ON_THE_ROW = "select 1 from social_scheduled_posts where id = any(%s) for update"
_ON_THE_ROW_BEHIND_THE_FENCE = """
    select id from social_scheduled_posts where id = any(%s) and status = 'publishing' for update skip locked
"""
# Whoever loads a post reads its LARP; neither claiming nor fencing nor saving does.
_ON_LOADING = "lock table larps in access exclusive mode"


class Holds:
    """Locks held in open transactions until `release`, or until the database server dies."""

    def __init__(self, office: Backoffice) -> None:
        self._office = office
        self._connections: list[psycopg.Connection] = []
        self._behind_the_fence: psycopg.Connection | None = None

    def hold_before_fence(self, posts: Sequence[UUID]) -> None:
        self._open().execute(_ON_THE_ROW, (list(posts),))

    def hold_loading(self) -> None:
        self._open().execute(_ON_LOADING)

    def hold_before_saving(self, posts: Sequence[UUID]) -> set[UUID]:
        """Lock those of the posts that have passed the fence by now; returns which. To be called again and again."""
        if self._behind_the_fence is None:
            self._behind_the_fence = self._open()
        return {post for (post,) in self._behind_the_fence.execute(_ON_THE_ROW_BEHIND_THE_FENCE, (list(posts),))}

    def release(self) -> None:
        for connection in self._connections:
            with contextlib.suppress(psycopg.Error):
                connection.close()

    def _open(self) -> psycopg.Connection:
        connection = self._office.connect()
        connection.autocommit = False
        self._connections.append(connection)
        return connection
