"""A Page leaves: its tokens are revoked at Facebook and wiped here; the history of its posts stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from socialpub.db.connections import count_waiting_posts
from socialpub.db.engine import transaction
from socialpub.errors import GraphError, TokenKeyError, UnknownLarpError
from socialpub.graph.client import GraphClient
from socialpub.graph.login import revoke_app
from socialpub.graph.page_access import unsubscribe_feed
from socialpub.models import FacebookPageConnection
from socialpub.models.encrypted import TokenCipher
from socialpub.services.grants import Mask
from socialpub.services.pause import find_page

_BY_HAND = "Remove the app by hand on facebook.com under Settings, Business integrations."


@dataclass(frozen=True, slots=True)
class Farewell:
    """What was done. `notes` are sentences for the person, such as what is left for them to do."""

    page: str
    waiting_posts: int
    notes: tuple[str, ...]


def disconnect_page(
    engine: Engine, client: GraphClient, cipher: TokenCipher, larp_id: UUID, *, actor: str, mask: Mask
) -> Farewell:
    """Facebook first, for that needs the token; then our own, whatever Facebook said. Raises `UnknownLarpError`."""
    with transaction(engine, actor=actor) as session:
        connection = find_connection(session, larp_id)
        is_last = _is_last_of_person(session, connection)
    notes = tuple(_take_back(client, cipher, connection, is_last=is_last, mask=mask))
    with transaction(engine, actor=actor) as session:
        connection = find_connection(session, larp_id, is_locked=True)
        connection.disconnect(session.scalars(select(func.now())).one())
        waiting = count_waiting_posts(session, connection.id)
    return Farewell(str(connection), waiting, notes)


def find_larp_of_page(engine: Engine, page_id: str) -> UUID:
    """Which LARP the Page is connected to. Raises `UnknownPageError`."""
    with transaction(engine, actor="socialpub") as session:
        return find_page(session, page_id).larp_id


def find_connection(session: Session, larp_id: UUID, *, is_locked: bool = False) -> FacebookPageConnection:
    """The LARP's connected Page. Raises `UnknownLarpError` when it has none."""
    query = select(FacebookPageConnection).where(
        FacebookPageConnection.larp_id == larp_id, FacebookPageConnection.disconnected_at.is_(None)
    )
    connection = session.scalars(query.with_for_update() if is_locked else query).one_or_none()
    if connection is None:
        raise UnknownLarpError(f"LARP {larp_id} has no connected Page.", next_step="connect one.")
    return connection


def _is_last_of_person(session: Session, connection: FacebookPageConnection) -> bool:
    """Revoking ends all tokens of a person, so it waits until no other Page lives on one of theirs."""
    others = select(func.count()).where(
        FacebookPageConnection.granted_by_id == connection.granted_by_id,
        FacebookPageConnection.id != connection.id,
        FacebookPageConnection.disconnected_at.is_(None),
    )
    return not session.scalar(others)


def _take_back(
    client: GraphClient, cipher: TokenCipher, connection: FacebookPageConnection, *, is_last: bool, mask: Mask
) -> Iterator[str]:
    if connection.feed_subscribed_at is not None and connection.access_token is not None:
        try:
            token = cipher.decrypt(connection.access_token)
            mask([token.reveal()])
            unsubscribe_feed(client, connection.page_id, token)
        except (GraphError, TokenKeyError) as error:
            yield f"The webhook was not unsubscribed: {error}"
    if connection.granted_by_id is None:
        yield f"Who granted the token is not known, so it was not revoked at Facebook. {_BY_HAND}"
    elif not is_last:
        yield "The person who granted the token has connected other Pages too, so it was wiped here but not revoked."
    else:
        try:
            revoke_app(client, connection.granted_by_id)
        except GraphError as error:
            yield f"Facebook did not take the revocation: {error.failure} {_BY_HAND}"
