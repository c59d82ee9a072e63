"""After a restore: rows that say less than the Page shows. `tests/backup` does the same with a real dump."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.conftest import TOKEN_KEY
from tests.graph.publishing import publish_feed_post
from tests.services.conftest import PAGE

from graph_sandbox.entities import PUBLISHING_SCOPES
from graph_sandbox.samples import make_png
from socialpub.cli import main
from socialpub.errors import PostNotReadyError
from socialpub.graph.comments import add_comment
from socialpub.graph.posts import FeedPost
from socialpub.models.encrypted import TokenCipher
from socialpub.models.secret import Secret
from socialpub.services.compare_pages import compare_pages
from socialpub.services.first_comments import post_first_comments
from socialpub.services.hand_over import HandOverLimits
from socialpub.services.pause import resume
from socialpub.services.restore import Restore, RestoreLimits
from socialpub.services.verify_handed_over import VerifyLimits, verify_handed_over_posts

HOUR = 3600.0
TOKEN = f"EAAGpage{PAGE}"


@pytest.fixture
def larp(desk):
    desk.sandbox.control.set_refuse_duplicates(False)
    return desk.world.add_page()


def restore(desk, dumped_at=None):
    limits = RestoreLimits(timedelta(seconds=75), timedelta(days=28), look_again_after=timedelta(minutes=2))
    return Restore(desk.world.engine(), dumped_at or datetime.now(UTC) - timedelta(seconds=5), limits, "cli:ewa")


def compare(desk, work):
    cipher = TokenCipher([TOKEN_KEY])
    return compare_pages(work, desk.client(), lambda page: page.get_page_access_token(cipher, datetime.now(UTC)))


def publish_unknown(desk, message, **more):
    """What the lost database knew: a post of our app that no row here has."""
    return publish_feed_post(desk.client(), PAGE, Secret(TOKEN), FeedPost(message, **more)).id


def settle(desk):
    """Scans, ten minutes later: lists have settled."""
    desk.later(10)
    desk.scan_and_work()


def test_a_post_that_is_live_is_found_and_one_that_is_not_goes_out_after_the_resume(desk, larp):
    """The first has the time at which Facebook made it; the second has used no try."""
    lost, waits = desk.world.schedule(larp, body="Live"), desk.world.schedule(larp, body="Not live")
    live_id = publish_unknown(desk, "Live")
    assert restore(desk).hold_posts() == 2
    settle(desk)
    assert desk.row(lost)[:3] == ("published", None, live_id)
    assert desk.row(waits)[0] == "pending"
    assert desk.attempts(waits) == [(1, "absent", None, None)]
    assert desk.sent("Not live") == 0
    resume(desk.world.engine(), page_id=None, actor="ewa")
    desk.scan_and_work()
    assert sorted(desk.live()) == ["Live", "Not live"]
    assert desk.world.one("select draft.status from social_drafts as draft where body = 'Live'") == ("published",)


@pytest.mark.parametrize("step", ["queued", "publishing", "unconfirmed"])
def test_what_a_run_had_in_its_hands_is_doubted_too(desk, larp, step):
    """Its run may still be in Airflow's own tables, and would go on with it."""
    post = desk.world.schedule(larp, body="In a run")
    [[claimed]] = desk.scan()
    assert claimed == post
    with desk.world.connect() as connection:
        for status in ("publishing", "unconfirmed")[: ("queued", "publishing", "unconfirmed").index(step)]:
            connection.execute("update social_publish_attempts set sent_at = coalesce(sent_at, now())")
            if status == "unconfirmed":
                connection.execute("update social_publish_attempts set finished_at = now(), outcome = 'unconfirmed'")
            connection.execute("update social_scheduled_posts set status = %s, status_reason = 'x'", (status,))
    live_id = publish_unknown(desk, "In a run")
    assert restore(desk).hold_posts() == 1
    assert desk.row(post)[0] == "unconfirmed"
    desk.work(post)
    settle(desk)
    assert (desk.row(post)[0], desk.row(post)[2], desk.live()) == ("published", live_id, ["In a run"])


def test_a_second_call_changes_nothing(desk, larp):
    """What was settled meanwhile is not doubted again."""
    post = desk.world.schedule(larp)
    work = restore(desk)
    assert work.hold_posts() == 1
    settle(desk)
    assert (work.hold_posts(), desk.row(post)[0]) == (None, "pending")


def test_publishing_is_paused_until_a_person_resumes_it(desk, larp):
    """With the reason in the gate and in the audit log."""
    later = desk.world.schedule(larp, body="Later", due_in=HOUR)
    assert restore(desk).hold_posts() == 0
    desk.later(61)
    desk.scan_and_work()
    assert (desk.row(later)[0], desk.live()) == ("pending", [])
    assert desk.world.one(
        "select actor, payload->>'pause_reason' ~ '^restored from a dump of 2' from social_audit_log"
        " where action = 'gate.paused'"
    ) == ("cli:ewa", True)


def test_a_post_that_came_too_late_is_missed_by_its_rule(desk, larp):
    """The look at the Page is no try to publish."""
    post = desk.world.schedule(larp, due_in=-7 * HOUR)
    restore(desk).hold_posts()
    settle(desk)
    assert desk.row(post)[0] == "pending"
    resume(desk.world.engine(), page_id=None, actor="ewa")
    desk.scan_and_work()
    assert (desk.row(post)[0], desk.live()) == ("missed", [])


def test_a_post_of_later_is_doubted_only_if_its_words_are_there_once_more_than_others_explain(desk, larp):
    """The same reminder every week: last week's is on the Page, next week's is still to come."""
    due = desk.world.schedule(larp, body="Every week")
    later = desk.world.schedule(larp, body="Every week", due_in=7 * 24 * HOUR)
    first = publish_unknown(desk, "Every week")
    work = restore(desk)
    work.hold_posts()
    assert compare(desk, work).doubted == 0
    settle(desk)
    assert (desk.row(due)[2], desk.row(later)[0]) == (first, "pending")
    second = publish_unknown(desk, "Every week")
    assert compare(desk, work).doubted == 1
    settle(desk)
    assert desk.row(later)[2] == second


def test_what_no_row_accounts_for_is_named(desk, larp):
    """Live or held by Facebook; what is known, older, or another program's is not."""
    known = desk.world.schedule(larp, body="Known")
    desk.scan_and_work()
    assert desk.row(known)[0] == "published"
    stray = publish_unknown(desk, "Edited after the dump")
    at = datetime.now(UTC) + timedelta(hours=2)
    held = publish_unknown(desk, "Handed over after the dump", scheduled_publish_time=at)
    work = restore(desk)
    work.hold_posts()
    found = compare(desk, work)
    assert {one.post.id for one in found.strays} == {stray, held}
    assert not found.is_clear
    assert compare(desk, restore(desk, datetime.now(UTC) + timedelta(minutes=5))).strays == ()


def test_photos_without_words_are_left_to_a_person(desk, larp):
    """Their ids were lost with the database; any other picture of ours could be it."""
    photo = {"type": "photo", "storage_path": desk.put("a.png", make_png(1))}
    post = desk.world.schedule_draft(desk.world.add_media_draft(larp, photo, body=""))
    other = publish_feed_post(desk.client(), PAGE, Secret(TOKEN), FeedPost(None, link="https://larp.example/")).id
    restore(desk).hold_posts()
    settle(desk)
    status, reason, *_ = desk.row(post)
    assert (status, other in reason) == ("unconfirmed", True)


def test_a_page_that_can_not_be_read_is_named_and_its_posts_wait(desk, larp):
    post = desk.world.schedule(larp)
    work = restore(desk)
    work.hold_posts()
    desk.sandbox.control.add_fault("error_500_code2", page_id=PAGE, edge="published_posts", times=0)
    assert [PAGE in line for line in compare(desk, work).unread] == [True]
    settle(desk)
    assert (desk.row(post)[0], desk.live()) == ("unconfirmed", [])


def test_an_instant_that_has_not_come_is_refused(desk, larp):
    """Nothing has changed then."""
    post = desk.world.schedule(larp)
    with pytest.raises(PostNotReadyError, match="has not come yet"):
        restore(desk, datetime.now(UTC) + timedelta(hours=1)).hold_posts()
    assert desk.row(post)[0] == "pending"
    assert desk.world.one("select paused_at from social_publishing_gate") == (None,)


@pytest.mark.parametrize(("text", "words"), [("yesterday", "no instant"), ("2027-03-01T02:00", "has no zone")])
def test_the_command_takes_only_an_instant_with_its_zone(capsys, text, words):
    """An hour's error would be an hour's posts."""
    with pytest.raises(SystemExit):
        main(["after-restore", "--dumped-at", text])
    assert words in capsys.readouterr().err


COMMENT = "Regulamin: https://larp.example/regulamin"


@pytest.mark.parametrize("told_by", ["check", "person"])
def test_the_first_comment_of_a_post_that_facebook_held_is_not_doubled(desk, larp, told_by):
    """Live, with its comment, since the dump; whoever finds that out, the comment is looked for before it is posted."""
    scopes = (*PUBLISHING_SCOPES, "pages_manage_engagement")
    desk.sandbox.control.add_page(PAGE, "Larpowe Kroniki", token=TOKEN, scopes=scopes)
    live_id = publish_unknown(desk, "Held")
    add_comment(desk.client(), live_id, Secret(TOKEN), COMMENT)
    post = schedule_with_comment(desk, larp, "Held")
    with desk.world.connect() as connection, connection.transaction():
        connection.execute("set local session_replication_role = replica")
        connection.execute(
            "update social_scheduled_posts set status = 'handed_over', delivery = 'native', facebook_post_id = %s,"
            " handed_over_at = now(), handed_over_for = publish_at", (live_id,),
        )  # fmt: skip
    restore(desk).hold_posts()
    resume(desk.world.engine(), page_id=None, actor="ewa")
    desk.later(10)
    if told_by == "check":
        verify_handed_over_posts(desk.publisher(), VerifyLimits(), HandOverLimits())
    else:
        with desk.world.connect("airflow_login") as connection:
            connection.execute("update social_scheduled_posts set status = 'published', published_at = now()")
    assert desk.row(post)[0] == "published"
    desk.later(10)
    assert post_first_comments(desk.publisher()) == {"posted": 1}
    assert [comment.message for comment in desk.sandbox.control.comments(live_id)] == [COMMENT]


def schedule_with_comment(desk, larp, body):
    with desk.world.connect("backoffice_login") as connection, connection.transaction():
        draft = connection.execute(
            "insert into social_drafts (larp_id, title, body, first_comment, first_comment_delay_minutes, status)"
            " values (%s, 'T', %s, %s, 0, 'approved') returning id", (larp, body, COMMENT),
        ).fetchone()  # fmt: skip
        connection.execute(
            "insert into social_draft_approvals (draft_id, approver, decision) values (%s, 'ola', 'approved')", draft
        )
    return desk.world.schedule_draft(draft[0], due_in=0)


def test_a_comment_of_a_post_scheduled_after_the_restore_costs_no_look(desk, larp):
    """As before; and one that is older and not there is posted."""
    scopes = (*PUBLISHING_SCOPES, "pages_manage_engagement")
    desk.sandbox.control.add_page(PAGE, "Larpowe Kroniki", token=TOKEN, scopes=scopes)
    schedule_with_comment(desk, larp, "Before")
    restore(desk).hold_posts()
    settle(desk)
    resume(desk.world.engine(), page_id=None, actor="ewa")
    schedule_with_comment(desk, larp, "After")
    desk.scan_and_work()
    desk.later(5)
    assert post_first_comments(desk.publisher()) == {"posted": 2}
    assert len(desk.sandbox.control.arrivals(edge="comments", method="GET")) == 1
    assert len(desk.sandbox.control.arrivals(edge="comments", method="POST")) == 2
