"""The scan: rescue what was left behind, miss what came too late, claim what is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from socialpub.db import posts as statements
from socialpub.db.connections import hold_due_posts
from socialpub.db.engine import transaction
from socialpub.db.metrics import end_scan
from socialpub.db.posts import ClaimedPost, HeldPosts, Run
from socialpub.services.lanes import deal_lanes


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """How far a scan looks and how much it takes."""

    claim_ahead: timedelta = timedelta(seconds=75)
    """Longer than the minute between two scans, so that every post is claimed before its second."""
    lease: timedelta = timedelta(minutes=3)
    """How long after its due time a claimed post may wait for its task before the scan takes it back."""
    overdue_after: timedelta = timedelta(seconds=90)
    """A post that is later than this missed its scan, so it is caught up with at the Page's pace."""
    catch_up_pace: timedelta = timedelta(seconds=20)
    """How far apart the overdue posts of one Page go out, so that its followers are not flooded."""
    max_posts: int = 5000
    max_lanes: int = 16
    """Up to so many posts have a task each, by which a person finds them."""
    burst_lanes: int = 4
    """More are dealt to so many tasks: two a core, for a post is processor time, and so is the start of a task."""
    look_again_after: timedelta = timedelta(minutes=2)
    """How long the scan leaves an unconfirmed post to the run that looks it up."""


@dataclass(frozen=True, slots=True)
class Scan:
    """What one scan did. `lanes` are the claimed posts and the unconfirmed ones to look up."""

    lanes: list[list[UUID]]
    claimed: int
    to_confirm: int
    released: int
    suspected: int
    missed: int
    held: list[HeldPosts]


def scan_due_posts(engine: Engine, run: Run, limits: ScanLimits) -> Scan:
    """One transaction a step: what one step has done stays done when a later one meets trouble."""
    released, suspected = rescue_expired_leases(engine, run, limits)
    with transaction(engine, actor=str(run)) as session:
        missed = statements.miss_late_posts(session, max_posts=limits.max_posts)
    with transaction(engine, actor=str(run)) as session:
        hold_due_posts(session)
        held = statements.count_held_posts(session)
        unconfirmed = statements.take_unconfirmed_posts(
            session, look_again_after=limits.look_again_after, max_posts=limits.max_posts
        )
    with transaction(engine, actor=str(run)) as session:
        claimed = _claim(session, run, limits)
        end_scan(session)
    return Scan(
        lanes=deal_lanes([*claimed, *unconfirmed], max_lanes=limits.max_lanes, burst_lanes=limits.burst_lanes),
        claimed=len(claimed),
        to_confirm=len(unconfirmed),
        released=released,
        suspected=suspected,
        missed=len(missed),
        held=held,
    )


def _claim(session: Session, run: Run, limits: ScanLimits) -> list[ClaimedPost]:
    punctual = statements.claim_due_posts(
        session,
        run,
        claim_ahead=limits.claim_ahead,
        overdue_after=limits.overdue_after,
        lease=limits.lease,
        max_posts=limits.max_posts,
    )
    overdue = statements.claim_overdue_posts(
        session,
        run,
        pace=limits.catch_up_pace,
        claim_ahead=limits.claim_ahead,
        overdue_after=limits.overdue_after,
        lease=limits.lease,
        max_posts=limits.max_posts,
    )
    return [*overdue, *punctual]


def rescue_expired_leases(engine: Engine, run: Run, limits: ScanLimits) -> tuple[int, int]:
    """How many posts went back to pending (nothing sent), and how many became unconfirmed (maybe live)."""
    with transaction(engine, actor=str(run)) as session:
        released = statements.release_expired_leases(session, max_posts=limits.max_posts)
        suspected = statements.suspect_expired_sends(
            session, look_again_after=limits.look_again_after, max_posts=limits.max_posts
        )
    return len(released), len(suspected)
