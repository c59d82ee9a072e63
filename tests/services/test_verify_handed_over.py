"""Posts that Facebook holds: live at their time, moved, canceled, edited, stuck, or gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.media.samples import video
from tests.services.conftest import CHUNKED, PAGE

from graph_sandbox.samples import make_png
from socialpub.services.clean_up import CleanUpLimits, clean_up
from socialpub.services.hand_over import HandOverLimits, hand_over_posts
from socialpub.services.verify_handed_over import VerifyLimits, verify_handed_over_posts

HOUR = 3600.0


@pytest.fixture
def larp(desk):
    larp_id = desk.world.add_page()
    desk.world.run("update facebook_page_connections set delivery = 'native'")
    return larp_id


@pytest.fixture
def held(desk, larp):
    """A post that Facebook holds for an hour."""
    return hand_over(desk, desk.world.schedule(larp, due_in=HOUR, body="Za godzinę"))


def hand_over(desk, post):
    hand_over_posts(desk.publisher(), HandOverLimits())
    assert desk.world.status(post) == "handed_over"
    return post


def verify(desk, **limits):
    return verify_handed_over_posts(desk.publisher(), VerifyLimits(**limits), HandOverLimits())


def pass_time(desk, minutes):
    """Here and at Facebook."""
    desk.later(minutes)
    desk.sandbox.control.advance_clock(minutes * 60)


def move(desk, post, ahead):
    desk.world.run(
        "update social_scheduled_posts set publish_at = now() + make_interval(secs => %s) where id = %s",
        ahead, post, user="backoffice_login",
    )  # fmt: skip


def time_at_facebook(desk):
    [post] = desk.sandbox.control.posts(PAGE)
    return post.scheduled_publish_time


def planned(desk, post):
    (publish_at,) = desk.world.one("select publish_at from social_scheduled_posts where id = %s", post)
    return int(publish_at.timestamp())


def test_a_post_that_facebook_published_is_published_with_its_address(desk, held):
    """At the time that it was for; its draft follows."""
    pass_time(desk, 63)
    assert verify(desk) == {"published": 1}
    status, reason, post_id, permalink = desk.row(held)
    [live] = desk.sandbox.control.posts(PAGE)
    assert (status, reason, post_id, permalink) == ("published", None, live.id, live.permalink_url)
    assert desk.world.one("select status from social_drafts") == ("published",)
    assert desk.world.one("select published_at >= publish_at from social_scheduled_posts") == (True,)
    assert desk.world.one("select count(*) from social_outbox where event = 'SocialPublishSucceededEvent'") == (1,)


def test_nothing_is_asked_of_facebook_before_the_post_should_be_live(desk, held):
    """Two minutes are Facebook's."""
    desk.later(61)
    desk.sandbox.control.clear_arrivals()
    assert verify(desk) == {}
    assert desk.sandbox.control.arrivals() == []


def test_a_post_that_vanished_goes_out_the_ordinary_way(desk, held):
    """Proved by its node and both lists (laravel-notification-channels/facebook-poster#64)."""
    desk.sandbox.control.break_schedule(desk.row(held)[2], vanishes=True)
    pass_time(desk, 63)
    assert verify(desk) == {"pending": 1}
    assert "does not have it any more" in desk.row(held)[1]
    desk.scan_and_work()
    assert (desk.row(held)[0], desk.live()) == ("published", ["Za godzinę"])


def test_a_vanished_post_that_is_too_late_is_missed(desk, held):
    """Its lateness rule decides, for a hand-over is no try to publish."""
    desk.world.run("update social_scheduled_posts set lateness_rule = 'within', late_by_minutes = 30")
    desk.sandbox.control.break_schedule(desk.row(held)[2], vanishes=True)
    pass_time(desk, 120)
    verify(desk)
    desk.scan_and_work()
    assert (desk.row(held)[0], desk.live()) == ("missed", [])


@pytest.mark.parametrize(
    "fault", ["reset", "error_500_code2", "html_502", "garbage_200", "token_460", "throttle_80001"]
)
def test_what_cant_be_read_is_no_verdict(desk, held, fault):
    """Whether the post itself or a list of the Page breaks off."""
    desk.sandbox.control.break_schedule(desk.row(held)[2], vanishes=True)
    pass_time(desk, 63)
    for edge in ("post", "scheduled_posts", "published_posts"):
        desk.sandbox.control.clear_faults()
        desk.sandbox.control.add_fault(fault, method="GET", edge=edge, times=0)
        desk.world.run("update facebook_page_connections set rate_limited_until = null, token_status = 'valid'")
        verify(desk)
        assert desk.world.status(held) == "handed_over", edge


def test_a_node_that_seems_gone_is_not_gone_while_a_list_shows_it(desk, held):
    """Facebook answers alike for what does not exist and for what a token may not see."""
    pass_time(desk, 63)
    desk.sandbox.control.add_fault("missing_object_100_33", method="GET", edge="post")
    assert verify(desk) == {"published": 1}
    assert len(desk.live()) == 1


def test_a_post_that_facebook_forgot_to_publish_is_published_through_facebook(desk, held):
    """Ten minutes after its time, and the same post, so it can't be there twice."""
    desk.sandbox.control.break_schedule(desk.row(held)[2], vanishes=False)
    pass_time(desk, 65)
    assert verify(desk) == {"handed_over": 1}
    pass_time(desk, 6)
    assert verify(desk) == {"published": 1}
    [live] = desk.sandbox.control.posts(PAGE)
    assert (live.is_published, live.id) == (True, desk.row(held)[2])


def test_an_unclear_early_publication_is_settled_by_the_post(desk, held):
    """Committed, then 500: the next run reads that it is live."""
    desk.sandbox.control.break_schedule(desk.row(held)[2], vanishes=False)
    pass_time(desk, 75)
    desk.sandbox.control.add_fault("committed_then_500", method="POST", edge="post")
    assert verify(desk) == {"handed_over": 1}
    assert verify(desk) == {"published": 1}
    assert len(desk.sandbox.control.arrivals(edge="post", method="POST")) == 1


def test_a_stuck_post_is_not_published_while_its_page_is_paused(desk, held):
    desk.world.run(
        "update facebook_page_connections set paused_at = now(), paused_by = 'anna', pause_reason = 'Żałoba'"
    )
    desk.sandbox.control.break_schedule(desk.row(held)[2], vanishes=False)
    pass_time(desk, 75)
    assert verify(desk) == {"handed_over": 1}
    assert not desk.sandbox.control.posts(PAGE)[0].is_published


def test_a_stuck_post_that_is_too_late_by_its_rule_is_taken_back_and_missed(desk, held):
    desk.world.run("update social_scheduled_posts set lateness_rule = 'never'")
    desk.sandbox.control.break_schedule(desk.row(held)[2], vanishes=False)
    pass_time(desk, 75)
    assert verify(desk) == {"pending": 1}
    desk.scan_and_work()
    assert (desk.row(held)[0], desk.live()) == ("missed", [])


def test_another_time_follows_to_facebook(desk, held):
    """One request, and the row remembers what Facebook was told."""
    move(desk, held, 3 * HOUR)
    assert verify(desk) == {"handed_over": 1}
    assert time_at_facebook(desk) == planned(desk, held)
    assert desk.world.one("select handed_over_for = publish_at from social_scheduled_posts") == (True,)
    assert verify(desk) == {}


def test_an_unclear_change_of_the_time_is_made_again(desk, held):
    """It may be made twice."""
    move(desk, held, 3 * HOUR)
    desk.sandbox.control.add_fault("committed_then_500", method="POST", edge="post")
    verify(desk)
    assert desk.world.one("select handed_over_for = publish_at from social_scheduled_posts") == (False,)
    verify(desk)
    assert desk.world.one("select handed_over_for = publish_at from social_scheduled_posts") == (True,)
    assert time_at_facebook(desk) == planned(desk, held)


@pytest.mark.parametrize("ahead", [5 * 60, 40 * 24 * HOUR])
def test_a_time_that_facebook_does_not_hold_posts_for_takes_the_post_back(desk, held, ahead):
    """Deleted at Facebook first; then it goes out the ordinary way, or is handed over once its window opens."""
    move(desk, held, ahead)
    assert verify(desk) == {"pending": 1}
    assert desk.sandbox.control.posts(PAGE) == []
    assert desk.scan() == []
    assert desk.world.one("select facebook_post_id, handed_over_for, next_attempt_at from social_scheduled_posts") == (
        None, None, None,
    )  # fmt: skip


def test_a_time_that_facebook_refuses_takes_the_post_back(desk, held):
    """Its limits may be narrower than ours."""
    desk.sandbox.control.set_schedule_window(600, 7200)
    move(desk, held, 5 * HOUR)
    assert verify(desk) == {"pending": 1}
    assert desk.sandbox.control.posts(PAGE) == []


def test_a_change_that_comes_too_late_finds_the_post_live(desk, held):
    """It went out at its old time; nothing is deleted, and nothing goes out twice."""
    pass_time(desk, 56)
    move(desk, held, 3 * HOUR)
    pass_time(desk, 5)
    assert verify(desk) == {"published": 1}
    assert len(desk.live()) == 1


def test_a_change_within_the_last_minute_is_not_tried(desk, held):
    """The post could go live between the look and the change."""
    pass_time(desk, 56)
    move(desk, held, 3 * HOUR)
    assert verify(desk, leave_alone=timedelta(minutes=5)) == {"handed_over": 1}
    assert time_at_facebook(desk) != planned(desk, held)


@pytest.mark.parametrize(("change", "draft"), [
    ("update social_scheduled_posts set status = 'canceled', status_reason = 'Odwołane'", "approved"),
    ("update social_drafts set body = 'Inna treść'", "draft"),
])  # fmt: skip
def test_a_cancel_or_an_edit_follows_to_facebook(desk, held, change, draft):
    """The post is deleted there; an edited draft needs its approval anew."""
    desk.world.run(change, user="backoffice_login")
    assert (desk.world.status(held), desk.world.one("select status from social_drafts")) == ("canceled", (draft,))
    assert clean_up(desk.publisher(), CleanUpLimits()) == {"done": 1}
    assert desk.sandbox.control.posts(PAGE) == []


def test_an_album_goes_live_and_its_photos_stay(desk, larp):
    assets = [{"type": "photo", "storage_path": desk.put(f"{n}.png", make_png(n))} for n in range(2)]
    post = hand_over(desk, desk.world.schedule_draft(desk.world.add_media_draft(larp, *assets), due_in=HOUR))
    pass_time(desk, 63)
    assert verify(desk) == {"published": 1}
    assert clean_up(desk.publisher(), CleanUpLimits()) == {}
    assert len(desk.sandbox.control.photos(PAGE)) == 2
    assert desk.row(post)[2] == desk.sandbox.control.posts(PAGE)[0].id


def test_a_vanished_album_is_uploaded_anew(desk, larp):
    """Temporary photos are for schedules only, and went with theirs."""
    assets = [{"type": "photo", "storage_path": desk.put(f"{n}.png", make_png(n))} for n in range(2)]
    post = hand_over(desk, desk.world.schedule_draft(desk.world.add_media_draft(larp, *assets), due_in=HOUR))
    desk.sandbox.control.break_schedule(desk.row(post)[2], vanishes=True)
    pass_time(desk, 63)
    assert verify(desk) == {"pending": 1}
    desk.scan_and_work()
    [live] = desk.sandbox.control.posts(PAGE)
    assert (live.is_published, len(live.photo_ids)) == (True, 2)
    clean_up(desk.publisher(), CleanUpLimits())
    assert sorted(photo.id for photo in desk.sandbox.control.photos(PAGE)) == sorted(live.photo_ids)


def test_a_video_is_held_by_its_own_id_until_a_post_shows_it(desk, larp):
    film = {"type": "video", "storage_path": desk.put("film.mp4", video()), "title": "Zwiastun"}
    post = hand_over(desk, desk.world.schedule_draft(desk.world.add_media_draft(larp, film), due_in=HOUR))
    [held_video] = desk.sandbox.control.videos(PAGE)
    assert desk.row(post)[2] == held_video.id
    assert held_video.scheduled_publish_time == planned(desk, post)
    pass_time(desk, 63)
    assert verify(desk) == {"published": 1}
    [live] = desk.sandbox.control.posts(PAGE)
    assert (desk.row(post)[2], live.video_id) == (live.id, held_video.id)


def test_an_unclear_hand_over_of_a_video_is_settled_by_the_video(desk, larp):
    """One session makes one video."""
    film = {"type": "video", "storage_path": desk.put("film.mp4", video())}
    post = desk.world.schedule_draft(desk.world.add_media_draft(larp, film), due_in=HOUR)
    desk.limits = CHUNKED
    desk.sandbox.control.add_fault("committed_then_500", method="POST", edge="videos", phase="finish")
    hand_over(desk, post)
    assert len(desk.sandbox.control.videos(PAGE)) == 1


def test_a_canceled_video_is_deleted_at_facebook(desk, larp):
    film = {"type": "video", "storage_path": desk.put("film.mp4", video())}
    hand_over(desk, desk.world.schedule_draft(desk.world.add_media_draft(larp, film), due_in=HOUR))
    desk.world.run("update social_scheduled_posts set status = 'canceled'", user="backoffice_login")
    clean_up(desk.publisher(), CleanUpLimits())
    assert desk.sandbox.control.videos(PAGE) == []


def test_a_row_that_moved_on_meanwhile_is_left_alone(desk, held):
    """A cancel between the look and its writing down wins; the clean-up takes the post away."""
    from socialpub.services.held_post import load_held, settle

    publisher = desk.publisher()
    seen = load_held(publisher, held)
    desk.world.run("update social_scheduled_posts set status = 'canceled'", user="backoffice_login")
    settle(publisher, seen, lambda row: row.mark_failed("never"))
    assert desk.world.status(held) == "canceled"
