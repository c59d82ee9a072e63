"""One LARP's digest: read in one transaction, then put in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, select
from sqlalchemy.orm import Session

from socialpub.db.digests import read_coming_posts, read_needs, read_results
from socialpub.graph.redaction import clean_text
from socialpub.models import FacebookPageConnection, Larp, PostStatus, PublishingGate
from socialpub.models.instants import time_left
from socialpub.services.digest.days import day_bounds, find_clock_change
from socialpub.services.digest.digest import ComingPost, Digest, DigestPost, Need, Outlook, PostCheck
from socialpub.services.digest.findings import find_gate_troubles, find_page_troubles, find_post_troubles
from socialpub.services.digest.needs import describe_need
from socialpub.services.notices.links import LinkMaker, Target
from socialpub.services.notices.read_notice import format_instant, name_zone, split_reason

_MAX_LISTED = 40
_CHECK_THREADS = 4
_DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows as they stood at `now`."""

    larp: Larp
    day: date
    now: datetime
    week: Sequence[Row[Any]]
    results: Sequence[Row[Any]]
    needs: Sequence[Row[Any]]
    pages: Sequence[FacebookPageConnection]
    gate: PublishingGate

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.larp.time_zone)


def read_facts(session: Session, larp: Larp, day: date, now: datetime) -> Facts:
    """Of a LARP whose zone is known."""
    pages = select(FacebookPageConnection).where(
        FacebookPageConnection.larp_id == larp.id, FacebookPageConnection.disconnected_at.is_(None)
    )
    return Facts(
        larp=larp,
        day=day,
        now=now,
        week=read_coming_posts(session, larp.id, now),
        results=read_results(session, larp.id, *day_bounds(day - timedelta(days=1), ZoneInfo(larp.time_zone))),
        needs=read_needs(session, larp.id, now),
        pages=session.scalars(pages.order_by(FacebookPageConnection.page_name)).all(),
        gate=session.get_one(PublishingGate, 1),
    )


def describe_facts(facts: Facts, links: LinkMaker, checks: Sequence[PostCheck]) -> Digest:
    """No transaction is open meanwhile, because a check may take its time."""
    zone, zone_name = facts.zone, facts.larp.time_zone
    coming = [post for post in facts.week if post.publish_at < facts.now + _DAY]
    return Digest(
        larp=clean_text(facts.larp.title),
        day=f"{facts.day:%A, %-d %B %Y}",
        zone=f"{zone_name}, {name_zone(facts.now.astimezone(zone))}",
        needs=tuple(_needs(facts.needs, zone_name, links)),
        notes=tuple(_notes(facts)),
        coming=tuple(_list_coming(coming[:_MAX_LISTED], zone, links, checks)),
        coming_more=max(0, len(coming) - _MAX_LISTED),
        week=tuple(_outlook(facts.week, zone)),
        results=tuple(_result(post, zone_name, links) for post in facts.results[:_MAX_LISTED]),
        results_more=max(0, len(facts.results) - _MAX_LISTED),
        totals=_totals(facts.results),
    )


def _needs(rows: Sequence[Row[Any]], zone: str, links: LinkMaker) -> Iterator[Need]:
    for row in rows:
        words, next_step = describe_need(row, zone)
        by_hand = {
            PostStatus.UNCONFIRMED: f"look at the Page, then `socialpub resolve {row.id}`.",
            PostStatus.FAILED: f"schedule it again, or `socialpub requeue {row.id}`.",
            PostStatus.MISSED: f"schedule it again, or `socialpub requeue {row.id}`.",
        }
        yield Need(words, next_step or by_hand[row.status], (links.make(Target.DRAFT, row.draft_id, "Draft"),))


def _notes(facts: Facts) -> Iterator[str]:
    if change := find_clock_change(facts.zone, facts.now, facts.now + _DAY):
        yield change
    yield from find_gate_troubles(facts.gate, facts.now)
    for page in facts.pages:
        planned = (post.publish_at for post in facts.week if post.connection_id == page.id)
        yield from find_page_troubles(page, max(planned, default=facts.now), facts.now)


def _list_coming(
    posts: Sequence[Row[Any]], zone: ZoneInfo, links: LinkMaker, checks: Sequence[PostCheck]
) -> Iterator[DigestPost]:
    def run_checks(post: Row[Any]) -> list[str]:
        facts = ComingPost(
            post.id, post.draft_id, post.connection_id, post.publish_at, post.link, post.has_files_to_check
        )
        return [clean_text(words) for check in checks for words in check(facts)]

    with ThreadPoolExecutor(max_workers=_CHECK_THREADS, thread_name_prefix="digest") as pool:
        for post, findings in zip(posts, pool.map(run_checks, posts), strict=True):
            yield _coming(post, zone, links, findings)


def _coming(post: Row[Any], zone: ZoneInfo, links: LinkMaker, findings: Sequence[str]) -> DigestPost:
    approved = f"approved by {clean_text(post.approvers)}" if post.approvers else "not approved"
    return DigestPost(
        title=clean_text(post.title),
        page=clean_text(post.page_name),
        when=format_instant(post.publish_at, zone.key),
        state=approved if post.status == PostStatus.PENDING else f"{_say_status(post.status)}, {approved}",
        findings=(*find_post_troubles(post, zone), *findings),
        thumbnail_url=post.thumbnail_url or _link_picture(post.picture_id, links),
        links=(links.make(Target.DRAFT, post.draft_id, "Draft"),),
    )


def _link_picture(asset_id: UUID | None, links: LinkMaker) -> str:
    """A photo that lies in our own media has no address but that of a sealed link."""
    return links.make(Target.PICTURE, asset_id, "").url if asset_id else ""


def _say_status(status: str) -> str:
    return "held by Facebook" if status == PostStatus.HANDED_OVER else status


def _outlook(week: Sequence[Row[Any]], zone: ZoneInfo) -> Iterator[Outlook]:
    counts = Counter((post.publish_at.astimezone(zone).date(), post.page_name) for post in week)
    for (day, page), posts in sorted(counts.items()):
        yield Outlook(f"{day:%a %-d %b}", clean_text(page), posts)


def _result(post: Row[Any], zone: str, links: LinkMaker) -> DigestPost:
    reason, next_step = split_reason(post.status_reason or "")
    is_live = post.status == PostStatus.PUBLISHED
    return DigestPost(
        title=clean_text(post.title),
        page=clean_text(post.page_name),
        when=format_instant(post.published_at or post.publish_at, zone),
        state=f"published{_late(post)}" if is_live else f"{post.status}: {reason}",
        findings=(f"Next: {next_step}",) if next_step else (),
        links=(
            *((links.make(Target.LIVE_POST, post.id, "Live post"),) if post.permalink_url else ()),
            links.make(Target.DRAFT, post.draft_id, "Draft"),
        ),
    )


def _late(post: Row[Any]) -> str:
    if post.is_by_hand:
        return " by hand"
    minutes = time_left(post.published_at, post.publish_at).total_seconds() / 60
    return f", {minutes:.1f} min late" if minutes >= 1 else ""


def _totals(results: Sequence[Row[Any]]) -> str:
    if not results:
        return ""
    counts = Counter(post.status for post in results)
    words = [f"{counts[status]} {status}" for status in (PostStatus.PUBLISHED, PostStatus.FAILED, PostStatus.MISSED)]
    late = [
        time_left(post.published_at, post.publish_at).total_seconds()
        for post in results
        if post.status == PostStatus.PUBLISHED and not post.is_by_hand
    ]
    lateness = f"; lateness {median(late):.1f} s in the middle, {max(late):.1f} s at most" if late else ""
    return ", ".join(words) + lateness
