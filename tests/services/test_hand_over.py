"""Native posts on their way to Facebook's schedule."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.services.conftest import PAGE

from graph_sandbox.samples import make_png
from socialpub.errors import ConfigurationError
from socialpub.services.hand_over import HandOver, HandOverLimits, hand_over_posts
from socialpub.settings import Settings

HOUR = 3600.0
UNCLEAR = ("500", "500_code1", "reset", "hang", "200_garbage", "empty_200", "cut_body")


@pytest.fixture
def larp(desk):
    larp_id = desk.world.add_page()
    desk.world.run("update facebook_page_connections set delivery = 'native'")
    return larp_id


def hand_over(desk, **limits):
    return hand_over_posts(desk.publisher(), HandOverLimits(**limits))


def waiting(desk):
    """What Facebook holds: text and time of each."""
    return [
        (post.message, post.scheduled_publish_time)
        for post in desk.sandbox.control.posts(PAGE)
        if not post.is_published
    ]


def planned(desk, post):
    (publish_at,) = desk.world.one("select publish_at from social_scheduled_posts where id = %s", post)
    return int(publish_at.timestamp())


def test_facebook_holds_the_post_until_its_time_and_the_scan_leaves_it_alone(desk, larp):
    post = desk.world.schedule(larp, due_in=HOUR, body="Za godzinę")
    assert hand_over(desk) == {"handed_over": 1}
    assert waiting(desk) == [("Za godzinę", planned(desk, post))]
    status, reason, post_id, _ = desk.row(post)
    assert (status, reason, post_id) == ("handed_over", None, desk.sandbox.control.posts(PAGE)[0].id)
    assert desk.attempts(post) == [(1, "handed_over", None, None)]
    assert desk.world.one("select status from social_drafts") == ("scheduled",)
    assert desk.world.one("select handed_over_for = publish_at from social_scheduled_posts") == (True,)
    desk.later(60)
    assert desk.scan() == []
    assert hand_over(desk) == {}


@pytest.mark.parametrize("due_in", [14 * 60, 29 * 24 * HOUR])
def test_a_post_outside_the_window_is_not_handed_over(desk, larp, due_in):
    post = desk.world.schedule(larp, due_in=due_in)
    assert hand_over(desk) == {}
    assert desk.world.status(post) == "pending"


def test_a_post_with_direct_delivery_is_not_handed_over(desk, larp):
    """The Page's way is a default; a post may have its own."""
    draft = desk.world.add_draft(larp)
    desk.world.run(
        "insert into social_scheduled_posts (draft_id, publish_at, delivery)"
        " values (%s, now() + interval '1 hour', 'direct')", draft, user="backoffice_login",
    )  # fmt: skip
    assert hand_over(desk) == {}


def test_a_native_post_that_was_not_handed_over_goes_out_the_ordinary_way_and_not_sooner(desk, larp):
    post = desk.world.schedule(larp, due_in=5 * 60, body="Sami")
    assert desk.scan() == []
    desk.later(5)
    desk.scan_and_work()
    assert desk.row(post)[0] == "published"
    assert desk.live() == ["Sami"]


def test_the_earliest_come_first_and_a_run_takes_no_more_than_it_may(desk, larp):
    later, sooner = (desk.world.schedule(larp, due_in=hours * HOUR, body=f"{hours}") for hours in (3, 2))
    assert hand_over(desk, max_posts=1) == {"handed_over": 1}
    assert (desk.world.status(sooner), desk.world.status(later)) == ("handed_over", "pending")


@pytest.mark.parametrize("end", UNCLEAR)
def test_a_hand_over_without_an_answer_is_found_on_the_schedule(desk, larp, end):
    """Committed, and Facebook says otherwise: it is looked up, not repeated."""
    post = desk.world.schedule(larp, due_in=HOUR)
    desk.sandbox.control.add_fault(f"committed_then_{end}", method="POST", edge="feed")
    assert hand_over(desk) == {"handed_over": 1}
    assert desk.row(post)[2] == desk.sandbox.control.posts(PAGE)[0].id
    assert len(desk.sandbox.control.posts(PAGE)) == 1
    assert desk.attempts(post)[0][1] == "handed_over"


def test_one_that_the_list_does_not_show_yet_is_found_by_the_scan(desk, larp):
    """Lists lag; nothing is sent meanwhile."""
    post = desk.world.schedule(larp, due_in=2 * HOUR, body="Raz")
    desk.sandbox.control.set_list_lag(PAGE, 60)
    desk.sandbox.control.add_fault("committed_then_500", method="POST", edge="feed")
    assert hand_over(desk) == {"unconfirmed": 1}
    desk.later(10, keeps_plans=True)
    desk.sandbox.control.set_list_lag(PAGE, 0)
    [result] = desk.scan_and_work()
    assert desk.row(post)[0] == "handed_over"
    assert (result.failed, result.retry_at, desk.sent("Raz")) == ((), None, 1)


def test_one_that_fired_before_it_was_found_is_published(desk, larp):
    """It has left the schedule for the Page."""
    post = desk.world.schedule(larp, due_in=20 * 60)
    desk.sandbox.control.set_list_lag(PAGE, 3600)
    desk.sandbox.control.add_fault("committed_then_500", method="POST", edge="feed")
    hand_over(desk)
    desk.later(25)
    desk.sandbox.control.advance_clock(25 * 60)
    desk.sandbox.control.set_list_lag(PAGE, 0)
    desk.scan_and_work()
    assert desk.row(post)[0] == "published"
    assert len(desk.live()) == 1


def test_one_that_is_proved_absent_waits_for_its_time_and_is_handed_over_again(desk, larp):
    """Never published by the lane that proved it: its time has not come."""
    post = desk.world.schedule(larp, due_in=2 * HOUR, body="Znów")
    desk.sandbox.control.add_fault("error_500_code2", method="POST", edge="feed")
    assert hand_over(desk) == {"unconfirmed": 1}
    desk.later(10, keeps_plans=True)
    [result] = desk.scan_and_work()
    assert (desk.world.status(post), desk.live(), result.failed) == ("pending", [], ())
    assert desk.scan() == []
    desk.later(10, keeps_plans=True)
    assert hand_over(desk) == {"handed_over": 1}
    assert [message for message, _ in waiting(desk)] == ["Znów"]
    assert [outcome for _, outcome, *_ in desk.attempts(post)] == ["absent", "handed_over"]


def test_absence_is_not_proved_while_the_post_may_be_between_the_two_lists(desk, larp):
    """At its time a post leaves one list; the other shows it later."""
    post = desk.world.schedule(larp, due_in=20 * 60)
    desk.sandbox.control.set_list_lag(PAGE, 120)
    desk.sandbox.control.add_fault("committed_then_500", method="POST", edge="feed")
    hand_over(desk)
    desk.later(20.5)
    desk.sandbox.control.advance_clock(20.5 * 60)
    desk.scan_and_work()
    assert desk.world.status(post) == "unconfirmed"


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_run_killed_between_fence_and_record_leaves_one_post(desk, larp, is_sent, monkeypatch):
    """The scan finds the post behind the fence, and the Page or the schedule says what became of it."""
    post = desk.world.schedule(larp, due_in=2 * HOUR, body="Przerwane")

    class KilledError(BaseException):
        pass

    def die(*_, **__):
        raise KilledError

    monkeypatch.setattr(HandOver, "_record" if is_sent else "_send", die)
    with pytest.raises(KilledError):
        hand_over(desk)
    monkeypatch.undo()
    assert desk.world.status(post) == "publishing"
    desk.later(10, keeps_plans=True)
    desk.scan_and_work()
    assert desk.world.status(post) == ("handed_over" if is_sent else "pending")
    desk.later(20, keeps_plans=True)
    hand_over(desk)
    assert [message for message, _ in waiting(desk)] == ["Przerwane"]


def test_a_run_killed_before_the_fence_gives_the_post_back(desk, larp):
    """Nothing was sent."""
    post = desk.world.schedule(larp, due_in=2 * HOUR)
    assert HandOver(desk.publisher(), HandOverLimits()).claim_post().id == post
    desk.later(21)
    desk.scan()
    assert desk.world.status(post) == "pending"
    desk.later(20)
    assert hand_over(desk) == {"handed_over": 1}


@pytest.mark.parametrize("change", [
    "update social_scheduled_posts set status = 'canceled', status_reason = 'Odwołane'",
    "update social_drafts set body = 'Inna treść'",
])  # fmt: skip
def test_what_is_canceled_or_edited_after_the_claim_is_not_sent(desk, larp, change):
    post = desk.world.schedule(larp, due_in=HOUR)
    step = HandOver(desk.publisher(), HandOverLimits())
    claimed = step.claim_post()
    desk.world.run(change, user="backoffice_login")
    assert step.hand_over_post(claimed) == "canceled"
    assert (desk.world.status(post), waiting(desk)) == ("canceled", [])


def test_a_refusal_leaves_the_post_to_direct_delivery(desk, larp):
    """Facebook's window may be narrower than documented; the post goes out at its time all the same."""
    post = desk.world.schedule(larp, due_in=HOUR, body="Bez Facebooka")
    desk.sandbox.control.set_schedule_window(7200, 86400)
    assert hand_over(desk) == {"pending": 1}
    assert "socialpub publishes it at its time" in desk.row(post)[1]
    assert desk.world.one("select delivery, next_attempt_at from social_scheduled_posts") == ("direct", None)
    assert desk.scan() == []
    desk.later(60)
    desk.scan_and_work()
    assert (desk.row(post)[0], desk.live()) == ("published", ["Bez Facebooka"])


def test_a_rate_limit_closes_the_window_and_keeps_the_posts_time(desk, larp):
    post = desk.world.schedule(larp, due_in=HOUR)
    desk.sandbox.control.add_fault("throttle_80001", method="POST", edge="feed", regain_minutes=30)
    assert hand_over(desk) == {"pending": 1}
    assert desk.attempts(post)[0][1] == "rate_limited"
    assert desk.world.one("select rate_limited_until > now() from facebook_page_connections") == (True,)
    assert desk.world.one("select next_attempt_at from social_scheduled_posts") == (None,)
    assert hand_over(desk) == {}


def test_a_refused_token_holds_the_page(desk, larp):
    desk.world.schedule(larp, due_in=HOUR)
    desk.sandbox.control.add_fault("token_460", method="POST", edge="feed")
    assert hand_over(desk) == {"pending": 1}
    assert desk.world.one("select token_status from facebook_page_connections") == ("lost",)


def test_hand_overs_that_fail_use_up_none_of_the_tries_to_publish(desk, larp):
    """Refused for now four times, then it is direct, with all its tries."""
    post = desk.world.schedule(larp, due_in=4 * HOUR, link="https://larp.example/x")
    desk.sandbox.control.add_fault("link_1609005", times=4)
    for _ in range(4):
        assert hand_over(desk) == {"pending": 1}
        assert hand_over(desk) == {}
        desk.later(16)
    assert desk.world.one("select delivery from social_scheduled_posts") == ("direct",)
    publisher = desk.publisher()
    from socialpub.services.arm import load_posts

    [loaded] = load_posts(publisher.engine, publisher.run, [post], is_working=False)
    assert loaded.tries_used == 0


def test_an_album_is_handed_over_with_temporary_photos_in_order(desk, larp):
    """Graph API reference, Page photos: a scheduled post takes no others."""
    assets = [{"type": "photo", "storage_path": desk.put(f"{n}.png", make_png(n))} for n in range(3)]
    post = desk.world.schedule_draft(desk.world.add_media_draft(larp, *assets), due_in=HOUR)
    assert hand_over(desk) == {"handed_over": 1}
    [held] = desk.sandbox.control.posts(PAGE)
    assert [photo.is_temporary for photo in desk.sandbox.control.photos(PAGE)] == [True] * 3
    assert (held.scheduled_publish_time, len(held.photo_ids)) == (planned(desk, post), 3)
    with desk.world.connect() as connection:
        rows = connection.execute("select facebook_media_id from social_draft_assets order by position").fetchall()
    assert held.photo_ids == [media_id for (media_id,) in rows]


def test_a_window_that_facebook_would_not_take_is_refused_with_the_reason():
    for limits in ({"min_ahead": timedelta(minutes=9)}, {"max_ahead": timedelta(days=76)}):
        with pytest.raises(ConfigurationError, match="Facebook holds posts for 10 minutes to 75 days"):
            HandOverLimits(**limits)
    with pytest.raises(ConfigurationError, match="No post is both"):
        HandOverLimits(min_ahead=timedelta(days=3), max_ahead=timedelta(days=2))


def test_the_window_is_a_setting():
    chosen = Settings.from_environment(
        {"SOCIALPUB_HAND_OVER_MIN_MINUTES": "10", "SOCIALPUB_HAND_OVER_MAX_DAYS": "75"}
    ).hand_over
    assert (chosen.min_ahead, chosen.max_ahead) == (timedelta(minutes=10), timedelta(days=75))
    with pytest.raises(ConfigurationError, match="SOCIALPUB_HAND_OVER_MIN_MINUTES to 10 or more"):
        Settings.from_environment({"SOCIALPUB_HAND_OVER_MIN_MINUTES": "5"})
