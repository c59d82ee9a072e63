"""A pause that Facebook asks for, heeded by everything that talks to it."""

from __future__ import annotations

from socialpub.db.engine import transaction
from socialpub.errors import RateLimitedError
from socialpub.models import FacebookPageConnection
from socialpub.services.publish import Publisher
from socialpub.services.record import lock_gate


def heed_limit(publisher: Publisher, page: FacebookPageConnection, error: RateLimitedError) -> None:
    """Close the Page's window, or the whole app's, until access returns."""
    with transaction(publisher.engine, actor=str(publisher.run)) as session:
        if error.scope == "app":
            lock_gate(session).close_until(error.regain_at)
        else:
            session.get_one(FacebookPageConnection, page.id, with_for_update=True).close_until(error.regain_at)
