"""The check of the tokens: what Facebook says of each, what is done about it, and who has to act."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import repeat
from uuid import UUID

from sqlalchemy import Engine, select

from socialpub.db import connections as statements
from socialpub.db.clock import DatabaseClock
from socialpub.db.engine import transaction
from socialpub.errors import (
    InvalidPostError,
    RateLimitedError,
    TokenKeyError,
    TryAgainError,
    UnknownPageError,
)
from socialpub.graph.client import GraphClient
from socialpub.graph.tokens import TokenInfo, inspect_token
from socialpub.models import FacebookPageConnection, PublishingGate, TokenProblem, TokenStatus
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.check_report import CheckedPage
from socialpub.services.grants import Mask
from socialpub.services.renew import renew_token
from socialpub.services.token_verdict import Verdict, judge_token, lost
from socialpub.services.write_verdict import Standing, write_renewed, write_verdict

log = logging.getLogger(__name__)

# The app's quota is shared with publishing, which comes first.
_ENOUGH_USED = 75.0  # per cent
_REST = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class CheckLimits:
    """How much is asked at once: so many groups as there are tasks, and so many Pages of each."""

    group_size: int = 250
    threads: int = 8


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a group came to. `resume_at`: Facebook asked for a pause, and the rest of the group waits for it."""

    pages: tuple[CheckedPage, ...]
    resume_at: datetime | None


@dataclass(slots=True)
class _Brake:
    """Stops all threads of a group when Facebook has had enough of the app."""

    resume_at: datetime | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)

    def pull(self, until: datetime) -> None:
        with self.lock:
            self.resume_at = max(until, self.resume_at or until)


def group_connections(engine: Engine, *, page_id: str | None, size: int) -> list[list[UUID]]:
    """Whose turn it is, in groups; with `page_id` just that Page. Raises `UnknownPageError` when there is none."""
    with transaction(engine, actor="check") as session:
        chosen = statements.choose_connections_to_check(session, page_id=page_id)
    if page_id and not chosen:
        raise UnknownPageError(
            f"No connected Page has the id “{page_id[:60]}”.",
            next_step="copy it from facebook_page_connections.page_id.",
        )
    return [chosen[start : start + size] for start in range(0, len(chosen), size)]


def _describe(page: FacebookPageConnection) -> CheckedPage:
    """One that this run has checked already, before Facebook asked for its pause."""
    needs_person = page.token_status != TokenStatus.VALID
    return CheckedPage(str(page), TokenStatus(page.token_status), page.token_status_reason or "", needs_person)


@dataclass(frozen=True, slots=True)
class TokenChecker:
    """Asks Facebook about tokens on behalf of one run. `public_url` is where the plugin's app answers people."""

    engine: Engine
    client: GraphClient
    cipher: TokenCipher
    clock: DatabaseClock
    actor: str
    public_url: str
    mask: Mask

    def check(self, connection_ids: Sequence[UUID], *, since: datetime, threads: int) -> CheckResult:
        """How the group stands, after what had no verdict since then was checked. A missing answer is no verdict.

        Raises a `GraphError` when Facebook refuses the app itself: that says nothing about any Page.
        """
        brake = _Brake(self._closed_until())
        if brake.resume_at:
            return CheckResult((), brake.resume_at)
        group = self._read(connection_ids)
        pages = [page for page in group if page.checked_at is None or page.checked_at < since]
        known = [_describe(page) for page in group if page not in pages]
        tokens = [self._open(page) for page in pages]
        self.mask([token.reveal() for token in tokens if token])
        with ThreadPoolExecutor(max_workers=threads, thread_name_prefix="check") as pool:
            checked = pool.map(self._check, pages, tokens, repeat(brake))
            return CheckResult((*known, *(page for page in checked if page)), brake.resume_at)

    def _closed_until(self) -> datetime | None:
        with transaction(self.engine, actor=self.actor) as session:
            until = session.get_one(PublishingGate, 1).rate_limited_until
        return until if until and until > self.clock.now() else None

    def _read(self, connection_ids: Sequence[UUID]) -> Sequence[FacebookPageConnection]:
        is_asked = FacebookPageConnection.id.in_(connection_ids)
        with transaction(self.engine, actor=self.actor) as session:
            return session.scalars(
                select(FacebookPageConnection).where(is_asked, FacebookPageConnection.access_token.is_not(None))
            ).all()

    def _open(self, page: FacebookPageConnection) -> Secret | None:
        assert page.access_token is not None, "only connections with a token are read"
        try:
            return self.cipher.decrypt(page.access_token)
        except TokenKeyError:
            return None

    def _check(self, page: FacebookPageConnection, token: Secret | None, brake: _Brake) -> CheckedPage | None:
        """None when Facebook's pause came first."""
        if brake.resume_at:
            return None
        try:
            return self._settle(page, self._judge(page, token, brake))
        except RateLimitedError as error:
            self._close_gate(error)
            brake.pull(error.regain_at)
            return None
        except (InvalidPostError, TryAgainError) as error:
            is_refusal = isinstance(error, InvalidPostError)
            return CheckedPage(str(page), None, f"No verdict: {error.failure}", needs_person=is_refusal)

    def _judge(self, page: FacebookPageConnection, token: Secret | None, brake: _Brake) -> Verdict:
        if token is None:
            return lost(TokenProblem.KEY_LOST, "None of our keys opens the token.")
        info = inspect_token(self.client, token)
        self._spare_what_is_left(info, brake)
        return judge_token(info, page_id=page.page_id, now=self.clock.now())

    def _spare_what_is_left(self, info: TokenInfo, brake: _Brake) -> None:
        if (info.usage.app_percent or 0) > _ENOUGH_USED:
            brake.pull(self.clock.now() + (info.usage.regain_after or _REST))

    def _settle(self, page: FacebookPageConnection, verdict: Verdict) -> CheckedPage:
        standing = self._renew(page, verdict) or self._write(page, verdict)
        if standing is None:
            return CheckedPage(str(page), None, "Another token came meanwhile; it is checked with the next run.")
        words = " ".join(part for part in (standing.reason, standing.note) if part)
        return CheckedPage(str(page), standing.status, words, needs_person=standing.status != TokenStatus.VALID)

    def _renew(self, page: FacebookPageConnection, verdict: Verdict) -> Standing | None:
        if verdict.status != TokenStatus.EXPIRING and verdict.problem != TokenProblem.EXPIRED:
            return None
        renewed = renew_token(self.client, self.cipher, page, now=self.clock.now(), mask=self.mask)
        if renewed is None:
            return None
        with transaction(self.engine, actor=self.actor) as session:
            return write_renewed(session, self.cipher, page, renewed)

    def _write(self, page: FacebookPageConnection, verdict: Verdict) -> Standing | None:
        reconnect_url = f"{self.public_url}/backoffice/larp/{page.larp_id}/social/facebook/connect"
        with transaction(self.engine, actor=self.actor) as session:
            return write_verdict(session, page, verdict, reconnect_url=reconnect_url)

    def _close_gate(self, error: RateLimitedError) -> None:
        """A limit of the whole app holds publishing as well: calls would only lengthen it."""
        if error.scope == "app":
            with transaction(self.engine, actor=self.actor) as session:
                session.get_one(PublishingGate, 1, with_for_update=True).close_until(error.regain_at)
