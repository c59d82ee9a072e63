"""When an approved draft goes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, func, insert, select, update
from sqlalchemy.orm import Session

from socialpub.errors import IllegalMoveError
from socialpub.models import EventPostDraft, Larp, PostStatus, ScheduledPublish
from socialpub.models.statuses import FINAL
from socialpub.services.drafts.desk import Caller, open_desk, take_draft
from socialpub.services.drafts.local_time import PlannedTime, plan_instant, plan_time
from socialpub.services.drafts.read import DraftDetails, read_details


@dataclass(frozen=True, slots=True)
class When:
    """A naive wall time with its zone (None: the LARP's) and, where it comes twice, its offset; or an aware instant."""

    at: datetime
    time_zone: str | None = None
    offset: timedelta | None = None


def plan(session: Session, larp_id: UUID, when: When) -> PlannedTime:
    """Raises `LocalTimeError`."""
    zone = when.time_zone or session.scalars(select(Larp.time_zone).where(Larp.id == larp_id)).one()
    if when.at.tzinfo is not None:
        return plan_instant(when.at, zone)
    return plan_time(when.at, zone, offset=when.offset)


def schedule_draft(
    engine: Engine,
    larp_id: UUID,
    draft_id: UUID,
    when: When,
    caller: Caller,
    *,
    expected_version: int | None = None,
    delivery: str | None = None,
) -> DraftDetails:
    """Plan an approved (or failed) draft, or move a scheduled one to another time.

    `delivery` None is the Page's own. Raises `LocalTimeError`, `IllegalMoveError` for an instant that is past,
    `RuleRefusedError` for a draft that can't be scheduled, `StaleDraftError`, `UnknownDraftError`.
    """
    with open_desk(engine, caller) as session:
        post_id = _lock_living_post(session, larp_id, draft_id)
        take_draft(session, larp_id, draft_id, expected_version)
        planned = plan(session, larp_id, when)
        _require_future(session, planned)
        times = {"publish_at": planned.publish_at, "wall_time": planned.wall_time, "time_zone": planned.time_zone}
        if post_id is not None:
            session.execute(update(ScheduledPublish).where(ScheduledPublish.id == post_id).values(**times))
        else:
            values = {"draft_id": draft_id, "created_by": caller.actor, **times}
            session.execute(insert(ScheduledPublish).values(**values, **({"delivery": delivery} if delivery else {})))
        return read_details(session, larp_id, draft_id)


def unschedule_draft(
    engine: Engine,
    larp_id: UUID,
    draft_id: UUID,
    caller: Caller,
    *,
    reason: str = "",
    expected_version: int | None = None,
) -> DraftDetails:
    """Take a draft out of its schedule; it stays approved. Raises what `schedule_draft` raises."""
    with open_desk(engine, caller) as session:
        post_id = _lock_living_post(session, larp_id, draft_id)
        draft = take_draft(session, larp_id, draft_id, expected_version)
        if post_id is None:
            raise IllegalMoveError(
                f"Draft {draft_id} is “{draft.status}”: it has no schedule to leave.",
                next_step="only a scheduled draft can be unscheduled; cancel it to give it up.",
            )
        words = f"{reason.strip()} ({caller.actor})" if reason.strip() else f"Unscheduled by {caller.actor}"
        session.execute(
            update(ScheduledPublish)
            .where(ScheduledPublish.id == post_id)
            .values(status=PostStatus.CANCELED, status_reason=words)
        )
        return read_details(session, larp_id, draft_id)


def _lock_living_post(session: Session, larp_id: UUID, draft_id: UUID) -> UUID | None:
    """Before its draft, as the publisher does it."""
    return session.scalars(
        select(ScheduledPublish.id)
        .join(EventPostDraft, EventPostDraft.id == ScheduledPublish.draft_id)
        .where(
            ScheduledPublish.draft_id == draft_id,
            EventPostDraft.larp_id == larp_id,
            ScheduledPublish.status.not_in([*FINAL]),
        )
        .with_for_update(of=ScheduledPublish)
    ).first()


def _require_future(session: Session, planned: PlannedTime) -> None:
    if planned.publish_at <= session.scalars(select(func.now())).one():
        raise IllegalMoveError(
            f"{planned.wall_time:%Y-%m-%d %H:%M} in {planned.time_zone} is past.",
            next_step="give a later time, or publish the draft now.",
        )
