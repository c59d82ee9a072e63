"""`FacebookConnectionService`: a LARP's Page comes, comes back, and leaves."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Engine

from socialpub.db.clock import read_clock
from socialpub.db.engine import transaction
from socialpub.errors import PageRefusedError
from socialpub.graph.client import GraphClient
from socialpub.graph.login import PUBLISHING_SCOPES, build_dialog_url, exchange_code, list_permissions, read_user
from socialpub.graph.page_access import OfferedPage, list_offered_pages
from socialpub.models import FacebookPageConnection, LoginRequest
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.disconnect import Farewell, disconnect_page
from socialpub.services.grants import NO_PAGES, START_AGAIN, Granter, Mask, find_obstacle, in_plain_words
from socialpub.services.login_requests import close_request, find_answered_request, open_request, take_request
from socialpub.services.store_connection import find_conflicts, store_grant

log = logging.getLogger(__name__)

_PURPOSE = "login state"


@dataclass(frozen=True, slots=True)
class PageChoice:
    """A Page that Facebook offers. `obstacle` says why it can't be chosen; None when it can."""

    page_id: str
    name: str
    obstacle: str | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What the person may choose from, until the request runs out."""

    request_id: UUID
    larp_id: UUID
    larp_title: str
    granted_by: str
    choices: tuple[PageChoice, ...]


@dataclass(frozen=True, slots=True)
class FacebookConnectionService:
    """Connects and disconnects Pages. `user` and `actor` are who the audit log names.

    `mask` is told of every token before anything else is done with it. All methods raise `DatabaseUnavailableError`.
    """

    engine: Engine
    client: GraphClient
    cipher: TokenCipher
    mask: Mask = field(default=lambda tokens: None)
    extra_scopes: tuple[str, ...] = ()

    def start(self, larp_id: UUID, *, user: str, redirect_uri: str, is_rerequest: bool = False) -> str:
        """The address of Facebook's dialog, good for 15 minutes and one answer. Raises `UnknownLarpError`."""
        with transaction(self.engine, actor=user) as session:
            sealer = self.cipher.sealer(_PURPOSE)
            state = open_request(session, sealer, larp_id, user=user, redirect_uri=redirect_uri)
        return build_dialog_url(
            self.client.settings,
            redirect_uri=redirect_uri,
            state=state,
            scopes=(*PUBLISHING_SCOPES, *self.extra_scopes),
            is_rerequest=is_rerequest,
        )

    def take_answer(self, query: Mapping[str, str], *, user: str, larp_id: UUID | None = None) -> Offer:
        """What Facebook's redirect brought: the Pages to choose from. `larp_id`: for this LARP only.

        Raises `PageRefusedError` with words for the person: canceled, declined, replayed, too late, no Page at all.
        """
        sealer, state = self.cipher.sealer(_PURPOSE), query.get("state", "")
        with transaction(self.engine, actor=user) as session:
            request = take_request(session, sealer, state, user=user, larp_id=larp_id)
        try:
            if query.get("error") or not query.get("code"):
                raise PageRefusedError("Facebook's dialog was canceled.", next_step=START_AGAIN)
            return self._make_offer(request, Secret(query["code"]), user=user)
        except PageRefusedError as refusal:
            refusal.larp_id = request.larp_id
            with transaction(self.engine, actor=user) as session:
                close_request(session, request.id)
            raise

    def choose(self, request_id: UUID, page_id: str, *, user: str) -> FacebookPageConnection:
        """Connect the chosen Page. Raises `PageRefusedError`; the person may then choose another one."""
        with transaction(self.engine, actor=user) as session:
            request = find_answered_request(session, request_id, user=user)
        assert request.user_access_token is not None, "an answered request holds the token"
        user_token = self.cipher.decrypt(request.user_access_token)
        self.mask([user_token.reveal()])
        grant = self._granter().by_person(page_id, user_token)
        with transaction(self.engine, actor=user) as session:
            find_answered_request(session, request_id, user=user)
            connection = store_grant(session, self.cipher, request.larp_id, grant)
            close_request(session, request_id)
        log.info("%s is connected to LARP %s by %s", connection, request.larp_id, user)
        return connection

    def connect_with_token(self, larp_id: UUID, page_id: str, token: Secret, *, actor: str) -> FacebookPageConnection:
        """Connect a Page with its own access token, or with that of a person who may post to it.

        Raises `PageRefusedError` or `UnknownLarpError`; nothing was stored then.
        """
        grant = self._granter().by_pasted_token(page_id, token)
        with transaction(self.engine, actor=actor) as session:
            return store_grant(session, self.cipher, larp_id, grant)

    def disconnect(self, larp_id: UUID, *, actor: str) -> Farewell:
        """Revoke and wipe the tokens of the LARP's Page; its history stays. Raises `UnknownLarpError` without one."""
        return disconnect_page(self.engine, self.client, self.cipher, larp_id, actor=actor, mask=self.mask)

    def _granter(self) -> Granter:
        return Granter(self.client, read_clock(self.engine).now, self.mask)

    def _make_offer(self, request: LoginRequest, code: Secret, *, user: str) -> Offer:
        with in_plain_words():
            short = exchange_code(self.client, code, redirect_uri=request.redirect_uri)
        self.mask([short.reveal()])
        user_token = self._granter().prolong(short)
        with in_plain_words():
            granted = list_permissions(self.client, user_token).granted
            person, pages = read_user(self.client, user_token), list_offered_pages(self.client, user_token)
        _require_permissions(granted)
        if not pages:
            raise PageRefusedError(f"Facebook lists no Page for {person.name}.", next_step=NO_PAGES)
        with transaction(self.engine, actor=user) as session:
            row = session.get_one(LoginRequest, request.id)
            row.user_access_token = self.cipher.encrypt(user_token)
            row.granted_by, row.granted_by_id, row.scopes = person.name, person.id, sorted(granted)
            conflicts = find_conflicts(session, row.larp_id, [page.id for page in pages])
            choices = tuple(_describe(page, conflicts.get(page.id)) for page in pages)
            return Offer(row.id, row.larp_id, row.larp.title, person.name, choices)


def _describe(page: OfferedPage, conflict: PageRefusedError | None) -> PageChoice:
    return PageChoice(page.id, page.name, find_obstacle(page) or (str(conflict) if conflict else None))


def _require_permissions(granted: Collection[str]) -> None:
    missing = [scope for scope in PUBLISHING_SCOPES if scope not in granted]
    if missing:
        raise PageRefusedError(
            f"Publishing needs {', '.join(missing)}, which Facebook says was not granted.",
            next_step="ask Facebook again and leave everything switched on; nothing was stored.",
            is_rerequest=True,
        )
