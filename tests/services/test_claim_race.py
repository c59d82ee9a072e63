"""Claiming under a crowd: 20 scans in threads of several processes, and a person, over 10,000 due posts."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from multiprocessing import get_context
from uuid import UUID

from socialpub.db import posts as statements
from socialpub.db.engine import open_engine, transaction
from socialpub.db.posts import Run
from socialpub.services.claim import ScanLimits, scan_due_posts

POSTS = 10_000
PROCESSES, THREADS = 4, 5


def scan_until_dry(url: str, process: int) -> list[UUID]:
    """What the scans of one process claimed; each thread goes on until nothing is left."""
    engine = open_engine(url, pool_size=THREADS)

    def scan(thread: int) -> list[UUID]:
        mine: list[UUID] = []
        run = Run("publish_due_posts", f"{process}.{thread}")
        while lanes := scan_due_posts(engine, run, ScanLimits(max_posts=150)).lanes:
            mine += [post for lane in lanes for post in lane]
        return mine

    with ThreadPoolExecutor(THREADS) as pool:
        claimed = [post for posts in pool.map(scan, range(THREADS)) for post in posts]
    engine.dispose()
    return claimed


def claim_by_hand(url: str, wanted: UUID) -> list[UUID]:
    engine = open_engine(url, pool_size=1)
    with transaction(engine, actor="anna") as session:
        is_ours = statements.claim_post_now(
            session, Run("publish_post_now", "manual"), wanted, actor="anna", reason="now", lease=timedelta(minutes=3)
        )
    engine.dispose()
    return [wanted] if is_ours else []


def test_ten_thousand_posts_are_claimed_once_each_by_twenty_scans_and_a_person(world):
    """A deadlock would raise in one of them, a double claim would show twice."""
    larp = world.add_page()
    world.run(
        """
        with drafts as (
            insert into social_drafts (larp_id, title, body, status)
            select %s, 'Post ' || n, 'Tekst ' || n, 'approved' from generate_series(1, %s) as n returning id
        )
        insert into social_draft_approvals (draft_id, approver, decision) select id, 'ola', 'approved' from drafts
        """,
        larp, POSTS,
    )  # fmt: skip
    world.run("insert into social_scheduled_posts (draft_id, publish_at) select id, now() from social_drafts")
    (by_hand,) = world.one("select id from social_scheduled_posts order by id desc limit 1")
    url = world.url("airflow_login")
    with ProcessPoolExecutor(PROCESSES + 1, mp_context=get_context("spawn")) as pool:
        work = [pool.submit(scan_until_dry, url, number) for number in range(PROCESSES)]
        work.append(pool.submit(claim_by_hand, url, by_hand))
        claims = [post for done in work for post in done.result()]
    assert len(claims) == len(set(claims)) == POSTS
    assert world.one("select count(*), count(distinct scheduled_post_id) from social_publish_attempts") == (
        POSTS,
        POSTS,
    )
