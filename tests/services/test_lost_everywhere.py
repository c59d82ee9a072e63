"""Every refusal that loses a token, wherever Facebook is talked to: one state, posts held, told once, no try used."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from uuid import UUID

import pytest
from tests.services.conftest import PAGE, Desk
from tests.services.test_clean_up import CHANGES, uploaded
from tests.services.test_first_comments import publish as publish_with_comment
from tests.services.test_losing import LOSSES, PERMISSIONS, STATE, TOKENS, events, reconnect
from tests.services.test_media_posts import MIB, photo, schedule, video

from graph_sandbox.entities import PUBLISHING_SCOPES
from socialpub.errors import TokenLostError
from socialpub.services.clean_up import CleanUpLimits, clean_up
from socialpub.services.first_comments import post_first_comments
from socialpub.services.hand_over import HandOverLimits, hand_over_posts
from socialpub.services.preupload import preupload_post
from socialpub.services.verify_handed_over import VerifyLimits, verify_handed_over_posts

HOUR = 3600.0


def refuse(desk: Desk, mode: str, edge: str, method: str) -> None:
    desk.sandbox.control.add_fault(mode, edge=edge, method=method, times=0)


def upload_in_its_lane(desk: Desk, mode: str) -> UUID:
    post = schedule(desk, desk.world.add_page(), photo(desk, "a.png"))
    refuse(desk, mode, "photos", "POST")
    desk.scan_and_work()
    return post


def upload_a_video(desk: Desk, mode: str) -> UUID:
    post = schedule(desk, desk.world.add_page(), video(desk, "a.mp4", MIB))
    refuse(desk, mode, "videos", "POST")
    desk.scan_and_work()
    return post


def upload_ahead(desk: Desk, mode: str) -> UUID:
    post = schedule(desk, desk.world.add_page(), photo(desk, "a.png"), due_in=HOUR)
    refuse(desk, mode, "photos", "POST")
    with pytest.raises(TokenLostError, match="Next: "):
        preupload_post(desk.uploader(), desk.publisher().open_token, post)
    return post


def hand_over(desk: Desk, mode: str) -> UUID:
    post = schedule_native(desk)
    refuse(desk, mode, "feed", "POST")
    hand_over_posts(desk.publisher(), HandOverLimits())
    return post


def schedule_native(desk: Desk) -> UUID:
    larp = desk.world.add_page()
    desk.world.run("update facebook_page_connections set delivery = 'native'")
    return desk.world.schedule(larp, due_in=HOUR, body="Za godzinę")


def read_back(desk: Desk, mode: str) -> UUID:
    post = desk.world.schedule(desk.world.add_page(), body="Czy jest?")
    desk.sandbox.control.add_fault("committed_then_500", edge="feed")
    refuse(desk, mode, "published_posts", "GET")
    desk.scan_and_work()
    return post


def read_back_a_hand_over(desk: Desk, mode: str) -> UUID:
    post = schedule_native(desk)
    desk.sandbox.control.add_fault("committed_then_500", edge="feed")
    refuse(desk, mode, "scheduled_posts", "GET")
    hand_over_posts(desk.publisher(), HandOverLimits())
    return post


def verify(desk: Desk, mode: str) -> UUID:
    post = schedule_native(desk)
    hand_over_posts(desk.publisher(), HandOverLimits())
    desk.later(63)
    desk.sandbox.control.advance_clock(63 * 60)
    refuse(desk, mode, "post", "GET")
    verify_handed_over_posts(desk.publisher(), VerifyLimits(), HandOverLimits())
    return post


ONE_OF_EACH = ("token_460", "token_459", "token_463", "token_492", "permission_200")


@dataclass(frozen=True)
class Place:
    """Where it is met, how the post stands that met it, and with which refusals: all, or one of each problem."""

    meet: Callable[[Desk, str], UUID]
    status: str
    modes: Collection[str] = ONE_OF_EACH


PLACES = [
    Place(upload_in_its_lane, "pending", dict(LOSSES)),
    Place(upload_a_video, "pending"),
    Place(upload_ahead, "pending"),
    Place(hand_over, "pending"),
    Place(read_back, "unconfirmed"),
    Place(read_back_a_hand_over, "unconfirmed"),
    Place(verify, "handed_over", dict(LOSSES)),
]
MEETINGS = [
    pytest.param(place, mode, problem, id=f"{place.meet.__name__}-{mode}")
    for place in PLACES
    for mode, problem in LOSSES
    if mode in place.modes
]


@pytest.mark.parametrize(("place", "mode", "problem"), MEETINGS)
def test_wherever_it_is_met_the_page_is_lost_and_its_posts_are_held(desk, place, mode, problem):
    """The post that met it and another; nothing fails, no try is used, one event, and Facebook is left alone."""
    post = place.meet(desk, mode)
    assert desk.world.one(STATE, PAGE) == ("lost", problem)
    assert events(desk) == [("page_token_lost", problem)]
    assert desk.row(post)[0] == place.status
    assert {outcome for _, outcome, *_ in desk.attempts(post)} <= {"released", "unconfirmed", "handed_over"}
    (larp,) = desk.world.one("select larp_id from facebook_page_connections")
    other = desk.world.schedule(larp, body="Inny")
    desk.sandbox.control.clear_arrivals()
    assert desk.as_run("2").scan() == []
    hand_over_posts(desk.publisher(), HandOverLimits())
    verify_handed_over_posts(desk.publisher(), VerifyLimits(), HandOverLimits())
    assert desk.row(other)[0] == "pending" and "Next: " in desk.row(other)[1]
    assert desk.sandbox.control.arrivals() == []


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.meet.__name__)
def test_after_the_reconnect_each_goes_on_to_its_end(desk, place):
    """Uploaded, handed over, looked up, verified: once, and live at most once."""
    post = place.meet(desk, "token_460")
    desk.sandbox.control.clear_faults()
    desk.sandbox.control.change_settings(processing_seconds=0.1)
    reconnect(desk)
    for number in range(2, 8):
        run = desk.as_run(str(number))
        run.scan_and_work()
        hand_over_posts(run.publisher(), HandOverLimits())
        verify_handed_over_posts(run.publisher(), VerifyLimits(), HandOverLimits())
        if desk.row(post)[0] == "published":
            break
        desk.later(15)
        desk.sandbox.control.advance_clock(15 * 60)
    assert desk.row(post)[0] == "published", desk.row(post)
    assert len([live for live in desk.sandbox.control.posts(PAGE) if live.is_published]) == 1


@pytest.fixture
def commented(desk):
    """A live post whose first comment is due."""
    scopes = (*PUBLISHING_SCOPES, "pages_manage_engagement")
    desk.sandbox.control.add_page(PAGE, "Larpowe Kroniki", token=f"EAAGpage{PAGE}", scopes=scopes)
    return publish_with_comment(desk)


@pytest.mark.parametrize(("mode", "problem"), TOKENS)
@pytest.mark.parametrize("is_look_up", [False, True], ids=["comment", "look_up_of_a_comment"])
def test_a_comment_meets_it_as_well(desk, commented, mode, problem, is_look_up):
    """Its post stays published, and the comment waits without using a try, or stays to be looked up."""
    if is_look_up:
        desk.sandbox.control.add_fault("committed_then_500", method="POST", edge="comments")
        post_first_comments(desk.publisher())
        desk.later(3)
    refuse(desk, mode, "comments", "GET" if is_look_up else "POST")
    post_first_comments(desk.publisher())
    assert desk.world.one(STATE, PAGE) == ("lost", problem)
    assert events(desk) == [("page_token_lost", problem)]
    status = "posting" if is_look_up else "pending"
    assert desk.world.one("select status, attempts from social_first_comments") == (status, int(is_look_up))
    desk.later(6)
    desk.sandbox.control.clear_arrivals()
    assert post_first_comments(desk.publisher()) == {}
    assert desk.sandbox.control.arrivals() == []
    assert desk.row(commented)[0] == "published"


@pytest.mark.parametrize(("mode", "_"), PERMISSIONS)
def test_a_comment_that_is_not_permitted_says_nothing_about_posts(desk, commented, mode, _):
    """Comments need a permission of their own: the Page goes on."""
    refuse(desk, mode, "comments", "POST")
    assert post_first_comments(desk.publisher()) == {"failed": 1}
    assert desk.world.one(STATE, PAGE) == ("unchecked", None)


@pytest.mark.parametrize(("mode", "problem"), TOKENS)
def test_a_clean_up_meets_it_as_well_and_then_waits(desk, mode, problem):
    """No further try is made before the reconnect."""
    uploaded(desk, desk.world.add_page())
    desk.world.run(CHANGES["canceled"], user="backoffice_login")
    refuse(desk, mode, "photos", "DELETE")
    desk.sandbox.control.add_fault(mode, method="GET", times=0)
    assert clean_up(desk.publisher(), CleanUpLimits()) == {"waiting": 1}
    assert desk.world.one(STATE, PAGE) == ("lost", problem)
    desk.later(60)
    assert clean_up(desk.publisher(), CleanUpLimits()) == {}
    assert desk.world.one("select attempts from social_media_cleanups") == (1,)


def test_a_page_that_was_disconnected_has_no_token_to_lose(desk):
    """What still looks at it is no reason to call anybody."""
    post = schedule_native(desk)
    hand_over_posts(desk.publisher(), HandOverLimits())
    desk.world.run("update facebook_page_connections set disconnected_at = now()")
    desk.later(63)
    verify_handed_over_posts(desk.publisher(), VerifyLimits(), HandOverLimits())
    assert desk.row(post)[0] == "handed_over"
    assert desk.world.one("select token_status, token_problem from facebook_page_connections") == ("unchecked", None)
    assert events(desk) == []


def test_a_video_that_facebook_processes_meets_it_as_well(desk):
    """How far it is can't be read any more; it is looked up after the reconnect."""
    desk.sandbox.control.change_settings(processing_seconds=60)
    post = schedule(desk, desk.world.add_page(), video(desk, "a.mp4", MIB))
    desk.scan_and_work()
    assert desk.row(post)[0] == "publishing"
    desk.sandbox.control.add_fault("token_460", method="GET", times=0)
    desk.work(post)
    assert desk.world.one(STATE, PAGE) == ("lost", "revoked")
    assert desk.row(post)[0] == "publishing"
