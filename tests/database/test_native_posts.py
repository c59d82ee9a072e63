"""First comments to come, and posts that Facebook holds until their time."""

from __future__ import annotations

import pytest
from tests.database.conftest import WORKER


def test_a_published_post_with_a_first_comment_has_it_to_do(desk):
    """Due after its delay; a post without one has nothing to do."""
    _, post_id = desk.schedule(first_comment="Pierwszy!", delay="15")
    desk.publish(post_id)
    assert desk.world.one("select scheduled_post_id, status from social_first_comments") == (post_id, "pending")
    assert desk.world.one(
        "select c.due_at - p.published_at = interval '15 minutes' from social_first_comments c"
        " join social_scheduled_posts p on p.id = c.scheduled_post_id"
    ) == (True,)
    _, other = desk.schedule(body="Bez komentarza")
    desk.publish(other, "1_3")
    assert desk.world.one("select count(*) from social_first_comments") == (1,)


def test_a_first_comment_moves_only_along_its_way_and_is_audited(desk):
    """pending, posting, posted; what is posted stays posted. The post does not move with it."""
    _, post_id = desk.schedule(first_comment="Pierwszy!")
    desk.publish(post_id)
    desk.refused("can't become", "update social_first_comments set status = 'posted', comment_id = '1_3'", user=WORKER)
    desk.work("update social_first_comments set status = 'posting', attempts = 1")
    desk.refused("uncommented_has_a_reason", "update social_first_comments set status = 'failed'", user=WORKER)
    desk.refused("posted_means_we_know", "update social_first_comments set status = 'posted'", user=WORKER)
    desk.work("update social_first_comments set status = 'failed', reason = 'pages_manage_engagement is missing'")
    desk.work("update social_first_comments set status = 'pending', reason = null")
    desk.work("update social_first_comments set status = 'posting'")
    desk.work("update social_first_comments set status = 'posted', comment_id = '1_3'")
    desk.refused(
        "can't become", "update social_first_comments set status = 'pending', comment_id = null", user="postgres"
    )
    with desk.world.connect() as connection:
        actions = connection.execute(
            "select action from social_audit_log where entity_id = %s and action like 'first_comment%%' order by id",
            (post_id,),
        ).fetchall()
    assert actions == [("first_comment.failed",), ("first_comment.posted",)]
    assert desk.world.status(post_id) == "published"


def test_a_post_goes_out_as_its_page_does_unless_it_says_otherwise(desk):
    """The Page's default is the backoffice's to set, and is audited."""
    _, first = desk.schedule()
    desk.edit("update facebook_page_connections set delivery = 'native'")
    _, second = desk.schedule(body="Drugi")
    draft_id = desk.draft(body="Trzeci")
    desk.edit(
        "insert into social_scheduled_posts (draft_id, publish_at, delivery) values (%s, now(), 'direct')", draft_id
    )
    delivery = "select delivery from social_scheduled_posts where id = %s"
    assert [desk.world.one(delivery, post)[0] for post in (first, second)] == ["direct", "native"]
    assert desk.world.one("select delivery from social_scheduled_posts where draft_id = %s", draft_id) == ("direct",)
    assert desk.world.one(
        "select payload ->> 'delivery' from social_audit_log where action = 'connection.changed'"
        " order by id desc limit 1"
    ) == ("native",)
    desk.refused("page_delivery_is_known", "update facebook_page_connections set delivery = 'pigeon'")


@pytest.mark.parametrize(
    "change",
    [
        "update social_scheduled_posts set status = 'canceled'",
        "update social_drafts set body = 'Inne'",
        "update social_draft_assets set alt_text = 'x'",
    ],
)
def test_a_native_schedule_that_is_canceled_or_edited_here_is_deleted_there(desk, change):
    """The post and what was uploaded for it; the row says that Facebook holds nothing any more."""
    draft_id, post_id = desk.schedule("photo")
    desk.upload(draft_id)
    desk.hand_over(post_id)
    desk.edit(change)
    assert [row[:2] for row in desk.cleanups()] == [("1_9", "post"), ("9001", "photo")]
    assert desk.world.one(
        "select status, facebook_post_id, handed_over_at, handed_over_for from social_scheduled_posts where id = %s",
        post_id,
    ) == ("canceled", None, None, None)


def test_a_native_schedule_can_be_moved_and_says_that_facebook_has_to_be_told(desk):
    """What a person planned, beside what Facebook was told."""
    _, post_id = desk.schedule()
    desk.hand_over(post_id)
    desk.edit("update social_scheduled_posts set publish_at = publish_at + interval '1 hour'")
    assert desk.world.one(
        "select p.publish_at - p.handed_over_for = interval '1 hour', d.scheduled_at = p.publish_at"
        " from social_scheduled_posts p join social_drafts d on d.id = p.draft_id"
    ) == (True, True)


@pytest.mark.parametrize(
    "change",
    [
        "update social_scheduled_posts set status = 'canceled'",
        "update social_scheduled_posts set publish_at = publish_at + interval '1 hour'",
        "update social_drafts set body = 'Inne'",
    ],
)
def test_what_facebook_publishes_within_three_minutes_cant_be_stopped_any_more(desk, change):
    """Neither what it has no id of yet: it is on its way."""
    _, post_id = desk.schedule()
    desk.hand_over(post_id, None)
    assert "Try again" in desk.refused("is being handed over", change)
    desk.work("update social_scheduled_posts set facebook_post_id = '1_9'")
    desk.work("update social_scheduled_posts set handed_over_for = now() + interval '2 minutes'")
    assert "too late to stop it" in desk.refused("is with Facebook, which publishes it at", change)
    assert desk.world.status(post_id) == "handed_over"


def test_a_hand_over_may_pass_the_fence_and_be_unclear(desk):
    """queued, publishing, unconfirmed, handed_over, published: each move is legal."""
    _, post_id = desk.schedule()
    desk.move(post_id, "queued", "publishing", "unconfirmed")
    desk.hand_over(post_id)
    desk.work("update social_scheduled_posts set status = 'published', published_at = now()")
    assert desk.world.one("select facebook_post_id, status from social_scheduled_posts") == ("1_9", "published")
