"""What it takes to work at Facebook for one run."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from socialpub.db.clock import DatabaseClock
from socialpub.db.engine import transaction
from socialpub.db.posts import Run
from socialpub.graph.client import GraphClient
from socialpub.models import FacebookPageConnection
from socialpub.models.secret import Secret


@dataclass(frozen=True, slots=True)
class Access:
    """Database, Facebook and clock of one run. `open_token` raises what the entity and the cipher raise."""

    engine: Engine
    client: GraphClient
    open_token: Callable[[FacebookPageConnection], Secret]
    run: Run
    clock: DatabaseClock

    def transaction(self) -> AbstractContextManager[Session]:
        """One transaction, in which the audit log names the run."""
        return transaction(self.engine, actor=str(self.run))
