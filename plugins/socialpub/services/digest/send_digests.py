"""Each LARP's digest once a local day: made and recorded in one transaction, sent by `deliver_notifications`."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Select, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from socialpub.db.digests import claim_digest
from socialpub.db.engine import transaction
from socialpub.errors import ConfigurationError
from socialpub.models import FacebookPageConnection, Larp, Notification, NotificationRoute, SentDigest
from socialpub.services.digest.days import find_due_day
from socialpub.services.digest.digest import Digest, PostCheck
from socialpub.services.digest.read_digest import describe_facts, read_facts
from socialpub.services.digest.write_digest import write_digest
from socialpub.services.notices.routes import DIGEST, choose_routes
from socialpub.services.notices.write_message import Writer

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DigestOrder:
    """What is asked for. The scheduled run asks for nothing in particular."""

    larp_id: UUID | None = None
    """Only this LARP's."""
    is_forced: bool = False
    """Whatever the hour, and again if the day's was made already."""
    is_dry_run: bool = False
    """Show it, whatever the hour; record and send nothing."""
    run_id: str = ""
    """Tells a forced digest from the first one, and from another forced one; the same run again sends nothing twice."""


@dataclass
class DigestRun:
    made: int = 0
    """LARPs whose digest was made."""
    messages: int = 0
    shown: list[str] = field(default_factory=list)
    """Of a dry run, the plain text of each digest."""
    problems: list[str] = field(default_factory=list)
    """A line each LARP that has none because something is wrong with it."""


def send_digests(
    engine: Engine, writer: Writer, order: DigestOrder, *, checks: Sequence[PostCheck] = (), now: datetime | None = None
) -> DigestRun:
    """Make the digests that are due. One LARP's trouble does not keep another one's people waiting.

    `now` is the database's clock unless given. Raises what `transaction` raises.
    """
    run = DigestRun()
    with transaction(engine, actor="digest") as session:
        now = (now or session.scalars(select(func.now())).one()).astimezone(UTC)
        routes = session.scalars(select(NotificationRoute)).all()
        larps = session.scalars(_connected_larps(order.larp_id)).all()
        made = set(session.execute(select(SentDigest.larp_id, SentDigest.local_date)).tuples())
    for larp in larps:
        recipients = choose_routes(routes, larp.id, DIGEST)
        try:
            day = _due_day(larp, order, now)
            is_made = (larp.id, day) in made and not (order.is_forced or order.is_dry_run)
            if day and not is_made and (recipients or order.is_dry_run):
                _make(engine, writer, larp, day, now, recipients, order, checks, run)
        except ConfigurationError as error:
            run.problems.append(f"{larp.title}: {error}")
    return run


def _connected_larps(larp_id: UUID | None) -> Select[tuple[Larp]]:
    connected = exists().where(
        FacebookPageConnection.larp_id == Larp.id, FacebookPageConnection.disconnected_at.is_(None)
    )
    larps = select(Larp).where(connected).order_by(Larp.title, Larp.id)
    return larps if larp_id is None else larps.where(Larp.id == larp_id)


def _due_day(larp: Larp, order: DigestOrder, now: datetime) -> date | None:
    try:
        zone = ZoneInfo(larp.time_zone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigurationError(
            f"“{larp.time_zone[:60]}” is no time zone.", next_step="set larps.time_zone to one such as Europe/Warsaw."
        ) from error
    if order.is_forced or order.is_dry_run:
        return now.astimezone(zone).date()
    return find_due_day(zone, now)


def _make(
    engine: Engine,
    writer: Writer,
    larp: Larp,
    day: date,
    now: datetime,
    recipients: Sequence[NotificationRoute],
    order: DigestOrder,
    checks: Sequence[PostCheck],
    run: DigestRun,
) -> None:
    with transaction(engine, actor="digest") as session:
        facts = read_facts(session, larp, day, now)
    digest = describe_facts(facts, writer.links, checks)
    content = write_digest(writer, digest)
    if order.is_dry_run:
        run.shown.append(f"{content['subject']}\n\n{content['text']}")
        return
    with transaction(engine, actor="digest") as session:
        if not claim_digest(session, larp.id, day, is_forced=order.is_forced):
            return
        run.messages += _enqueue(session, larp, day, digest, content, recipients, order)
    run.made += 1


def _enqueue(
    session: Session,
    larp: Larp,
    day: date,
    digest: Digest,
    content: dict[str, object],
    recipients: Sequence[NotificationRoute],
    order: DigestOrder,
) -> int:
    again = f":{order.run_id}" if order.is_forced else ""
    messages = [
        {
            "event": DIGEST,
            "group_key": f"{DIGEST}:{larp.id}:{day}",
            "larp_id": larp.id,
            "channel": route.channel,
            "recipient": route.recipient,
            "dedupe_key": f"{DIGEST}:{larp.id}:{day}:{route.channel}:{route.recipient}{again}",
            "content": content,
        }
        for route in recipients
        if not (digest.is_empty and route.skip_empty)
    ]
    if not messages:
        return 0
    # A forced run that is cleared comes here again, after some LARPs were told and before others were.
    new = insert(Notification).on_conflict_do_nothing(index_elements=[Notification.dedupe_key])
    return len(session.scalars(new.returning(Notification.id), messages).all())
